/**
 * A connection without a socket: the production `Connection` and its frame reader, to which the
 * bytes of an input come in pieces, and the bytes that it answers.
 */
import { handOver } from "../support/memory.ts";
import { Connection, type Protocol } from "../../src/net/connection.ts";
import type { Network } from "../../src/net/network.ts";
import type { ManualClock } from "../fake/clock.ts";
import { turns } from "../support/until.ts";
import { Finding } from "./target.ts";

/** Turns of the event loop in which a connection whose peer is done has to end. */
const turnsMax = 2_000;
/** And those in which a peer waits for answers before it is done. */
const answerTurnsMax = 40;
/** After so many, time moves on. */
const timelessTurns = 3;

/** See the head of this file. */
export class StreamPeer {
  readonly #chunks: Uint8Array[] = [];
  readonly #connection: Connection;
  #isShut = false;
  #isGone = false;
  #isCut = false;
  /** What of the budget the connection held when it had nothing more to say. */
  heldBytes = 0;

  constructor(
    private readonly network: Network,
    protocol: Protocol,
    private readonly clock: ManualClock,
  ) {
    const socket = {
      write: (bytes: Uint8Array, from: number, length: number): number => {
        if (this.#isShut || this.#isGone) return -1;
        this.#chunks.push(new Uint8Array(bytes.subarray(from, from + length)));
        return length;
      },
      pause() {},
      resume() {},
      shutdown: () => (this.#isShut = true),
      terminate: () => (this.#isCut = true),
      localAddress: "10.0.0.9",
      localPort: 9092,
    };
    const gone = (): void => void (this.#isGone = true);
    this.#connection = new Connection(socket, "10.0.0.1:50000", network, protocol, gone);
  }

  /** All that was answered. */
  get answered(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.#chunks));
  }

  /**
   * Sends all of it: whole, in two pieces, or in many, as the bytes themselves say. Then the peer
   * says that it is done, at once or when it has been answered, and the connection has to end.
   */
  async send(input: Uint8Array): Promise<void> {
    const choice = Bun.hash.xxHash32(input);
    for (const [from, to] of piecesOf(input.length, choice)) {
      if (this.#isGone) break;
      // What nobody holds is gone at once, so that nothing can be read from there any more.
      handOver(input.subarray(from, to), (memory) => this.#connection.received(memory));
    }
    if ((choice & 0x30) === 0) await turns(1);
    if ((choice & 0x40) === 0) await this.#settle(() => this.#isQuiet, answerTurnsMax);
    if (!this.#isGone) this.#connection.finish();
    await this.#settle(() => this.#isShut || this.#isGone);
    if (!this.#isShut && !this.#isGone) throw new Finding("the connection does not end");
    this.heldBytes = this.network.budget.used;
    this.#connection.socketClosed();
    if (this.#isCut) throw new Finding(`cut off: ${JSON.stringify(this.network.stats.cut)}`);
  }

  get #isQuiet(): boolean {
    return this.#isShut || this.#isGone || this.network.budget.used === 0;
  }

  async #settle(condition: () => boolean, most = turnsMax): Promise<void> {
    for (let turn = 0; turn < most && !condition(); turn++) {
      await turns(1);
      if (turn >= timelessTurns) this.clock.advance(1 + (turn >> 6));
    }
  }
}

/** Cuts `bytes` bytes into pieces. */
function piecesOf(bytes: number, choice: number): [from: number, to: number][] {
  const way = choice & 7;
  if (way < 4) return [[0, bytes]];
  const middle = (choice >>> 8) % (bytes + 1);
  if (way < 7) {
    return [
      [0, middle],
      [middle, bytes],
    ];
  }
  const size = 1 + ((choice >>> 8) & 31);
  const count = Math.min(64, Math.ceil(bytes / size));
  return Array.from({ length: count }, (_, at) => [
    at * size,
    at === count - 1 ? bytes : (at + 1) * size,
  ]);
}
