/**
 * How long a broker's event loop is held, seen from outside: somebody asks over its native port all
 * the time, and each answer takes the turns that were before it.
 *
 * What is judged is how long its main thread has run meanwhile, which the system counts, and never
 * the clock: a machine that is busy with others lets it wait, and that is nobody's work. A turn of
 * 50 ms makes one question wait for that much of running, whatever else goes on.
 */
import fs from "node:fs";
import type { StartedBroker } from "./broker-process.ts";

/** What was seen; milliseconds. */
export interface Seen {
  readonly questions: number;
  /** The longest that the main thread has run before it answered. */
  readonly ranMs: number;
  /** The longest that an answer took by the clock, waits for the processor included. */
  readonly waitedMs: number;
}

/** What an empty frame is answered. */
const answerBytes = "NACK:CORRUPTED\n".length;

/** Asks from the call on; the result's method ends that. */
export async function watchTurns(broker: StartedBroker): Promise<() => Promise<Seen>> {
  const ran = (): number => {
    const { pid } = broker.process;
    return (
      Number(fs.readFileSync(`/proc/${pid}/task/${pid}/schedstat`, "utf8").split(" ")[0]) / 1e6
    );
  };
  const seen = { questions: 0, ranMs: 0, waitedMs: 0 };
  const { promise: ended, resolve: end, reject: fail } = Promise.withResolvers<void>();
  let isOver = false;
  let owedBytes = 0;
  let [askedAt, ranBefore] = [0, 0];
  const ask = (asking: Bun.Socket): void => {
    owedBytes = answerBytes;
    [askedAt, ranBefore] = [performance.now(), ran()];
    asking.write(new Uint8Array(4));
  };
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port: broker.port,
    socket: {
      data: (asking, chunk) => {
        owedBytes -= chunk.length;
        if (owedBytes > 0) return;
        seen.questions += 1;
        seen.ranMs = Math.max(seen.ranMs, ran() - ranBefore);
        seen.waitedMs = Math.max(seen.waitedMs, performance.now() - askedAt);
        if (isOver) end();
        else ask(asking);
      },
      close: () => fail(new Error("the broker has ended the connection of who asks")),
    },
  });
  ask(socket);
  return async () => {
    isOver = true;
    await ended;
    socket.end();
    return seen;
  };
}
