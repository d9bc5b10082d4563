/**
 * What a producer's connections tell a person. The producer itself only knows one way to deal with
 * trouble, to connect again until a record's time is over; but where no broker has ever answered,
 * a wrong address is more likely than an outage.
 */
import { printable } from "../base/printable.ts";
import type { Dial, ClientSocket, SocketEvents } from "../client/socket.ts";
import { produceSilentConnectionsMax } from "../limits.ts";
import { addressText } from "./broker-address.ts";

/** Who is told. */
export interface ConnectionWatcher {
  /** Nothing was stored, and nothing will be: nobody is there, or somebody else. */
  hopeless(reason: string): void;
  /** A connection to a broker broke; the producer connects again. */
  lost(reason: string): void;
  /** It is connected again. */
  back(): void;
}

/** How the replies of the original protocol begin: `OK`, `NACK:`. */
const replyBegins: ReadonlySet<number | undefined> = new Set([0x4f, 0x4e]);
/** How much is shown of what another protocol says. */
const saidCharactersMax = 60;

/** Dials as `dial` does, and tells `watcher`. */
export function watchedDial(dial: Dial, watcher: ConnectionWatcher): Dial {
  const seen: Seen = { hasAnswered: false, isLost: false, silent: 0 };
  return (host, port, events) => {
    const watched = new WatchedConnection(addressText({ host, port }), events, watcher, seen);
    watched.connection = dial(host, port, watched);
    return watched;
  };
}

/** What was seen on all connections together. */
interface Seen {
  /** A broker replied at least once. */
  hasAnswered: boolean;
  /** It was connected once, and is not now. */
  isLost: boolean;
  /** Connections that ended without a reply, one after another. */
  silent: number;
}

/** One connection, and what it reports: both go through here. */
class WatchedConnection implements ClientSocket, SocketEvents {
  /** Set right after the attempt has begun; nothing is reported before. */
  connection: ClientSocket | null = null;
  #isUp = false;
  #isJudged = false;
  /** The producer has let go of it. */
  #isEnded = false;

  constructor(
    private readonly address: string,
    private readonly events: SocketEvents,
    private readonly watcher: ConnectionWatcher,
    private readonly seen: Seen,
  ) {}

  write(bytes: Uint8Array, from: number, length: number): number {
    return this.connection?.write(bytes, from, length) ?? 0;
  }

  end(): void {
    this.#isEnded = true;
    this.connection?.end();
  }

  opened(): void {
    this.#isUp = true;
    this.events.opened();
    if (this.seen.isLost) this.watcher.back();
    this.seen.isLost = false;
  }

  received(chunk: Uint8Array): void {
    if (!this.#isJudged && !replyBegins.has(chunk[0])) {
      const said = printable(new TextDecoder().decode(chunk), saidCharactersMax);
      return this.watcher.hopeless(`${this.address} is no broker: it says ${said}`);
    }
    this.#isJudged = true;
    this.seen.hasAnswered = true;
    this.seen.silent = 0;
    this.events.received(chunk);
  }

  writable(): void {
    this.events.writable();
  }

  closed(reason: string): void {
    this.events.closed(reason);
    const { seen, watcher, address } = this;
    if (!this.#isUp) {
      const why = this.#isEnded ? `${address}: no answer` : reason;
      if (!seen.hasAnswered) watcher.hopeless(`can't connect to a broker: ${why}`);
      return;
    }
    // One that the producer ends itself has told it something that it can't go on with.
    if (this.#isEnded) return;
    seen.silent += 1;
    seen.isLost = true;
    if (seen.hasAnswered || seen.silent < produceSilentConnectionsMax) return watcher.lost(reason);
    watcher.hopeless(`${address} ends connections without a reply: is it Obelisk's own port?`);
  }
}
