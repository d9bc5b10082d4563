/**
 * A data directory whose broker is this very process, for as long as a command takes: clients reach
 * it without a socket.
 */
import { Refusal } from "../base/refusal.ts";
import { systemClock } from "../base/clock.ts";
import { Memory } from "../base/memory.ts";
import { defaultGroupRules } from "../broker/group-rules.ts";
import { topicConfigDefault } from "../broker/topic-config.ts";
import type { Dial } from "../client/socket.ts";
import { LockHeld } from "../disk/lock.ts";
import { cacheBytesMin, diskReserveBytesDefault } from "../limits.ts";
import { Connection, type Protocol, type RawSocket } from "../net/connection.ts";
import { Network } from "../net/network.ts";
import { type HomeOptions, kafkaProtocol, openHome } from "../server.ts";
import { ClusterFailure } from "./cluster-failure.ts";
import type { World } from "./command.ts";
import { openLog } from "./log.ts";

/** What the broker calls its one client. */
const insidePeer = "inside:1";

/** A way to the broker inside. */
export interface InsideBroker {
  readonly dial: Dial;
  /** Flushes and closes everything, then gives the directory free. */
  close(): Promise<void>;
}

/** Takes the directory, and makes it if it is missing. {@link LockHeld}: another process has it. */
export async function openInside(
  data: string,
  world: Pick<World, "clock" | "stderr">,
): Promise<InsideBroker | LockHeld | ClusterFailure> {
  const logger = openLog(world, "warn", "text");
  // Nobody else can come, so there is nobody to wait for.
  const rules = { ...defaultGroupRules, initialRebalanceDelayMs: 0 };
  const home = await openHome(homeOptions(data), logger, rules);
  if (home instanceof Refusal) return new ClusterFailure(home.message);
  if (home instanceof LockHeld) return home;
  const network = new Network({ clock: systemClock, logger });
  const protocol = kafkaProtocol(home, { data, kafkaAdvertised: null }, logger);
  return { dial: dialInside(protocol, network), close: () => home.close() };
}

/** As the broker's own options are by default; a large cache would help nobody. */
const homeOptions = (data: string): HomeOptions => ({
  data,
  fsync: topicConfigDefault.values.fsync,
  lingerMs: 0,
  partitions: 1,
  autoCreateTopics: true,
  cacheBytes: cacheBytesMin,
  segmentBytes: topicConfigDefault.values["segment.bytes"],
  segmentMs: topicConfigDefault.values["segment.ms"],
  diskReserveBytes: diskReserveBytesDefault,
});

/**
 * Connects to a protocol of this process, whatever host and port are asked for. What one end does
 * reaches the other in a turn of its own and in the same order, as over a socket.
 */
export const dialInside =
  (protocol: Protocol, network: Network): Dial =>
  (_host, _port, events) => {
    let isOver = false;
    let isPaused = false;
    /** Unless the client has let go. */
    const tell = (report: () => void): void =>
      queueMicrotask(() => {
        if (!isOver) report();
      });
    const closeServer = (): void =>
      tell(() => {
        isOver = true;
        events.closed("closed by the server");
        connection.socketClosed();
      });
    const server: RawSocket = {
      write(bytes, from, length) {
        const chunk = copyOf(bytes, from, length);
        tell(() => events.received(chunk));
        return length;
      },
      pause() {
        isPaused = true;
      },
      resume() {
        isPaused = false;
        tell(() => events.writable());
      },
      shutdown: closeServer,
      terminate: closeServer,
    };
    const connection = new Connection(server, insidePeer, network, protocol, () => {});
    tell(() => events.opened());
    return {
      write(bytes, from, length) {
        if (isOver) return -1;
        if (isPaused) return 0;
        const memory = new Memory(copyOf(bytes, from, length));
        queueMicrotask(() => {
          connection.received(memory);
          memory.letGo();
        });
        return length;
      },
      end() {
        if (isOver) return;
        isOver = true;
        events.closed("closed by the client");
        queueMicrotask(() => connection.socketClosed());
      },
    };
  };

/** A buffer's own `slice` would share its memory. */
const copyOf = (bytes: Uint8Array, from: number, length: number): Uint8Array =>
  new Uint8Array(bytes.subarray(from, from + length));
