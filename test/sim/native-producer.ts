/** A producer of the original protocol: frames in pieces, a reply for each, in their order. */
import { encodeFrame } from "../../src/native/frame.ts";
import type { ProducerHistory } from "../e2e/support/history.ts";
import type { ClientEnd } from "./network.ts";
import { type ClientWorld, pause } from "./clients.ts";

/** Frames without a reply; more wait. */
const unansweredMax = 30;

/** Sends records, and connects again, until the story ends. */
export async function produceNatively(
  world: ClientWorld,
  producer: ProducerHistory,
  topic: string,
): Promise<void> {
  while (!world.isEnding) {
    const line = new Line(world, producer);
    if (!(await line.opened)) {
      await world.scheduler.wait(1 + world.random.next() * 10);
      continue;
    }
    producer.connections += 1;
    for (let left = 1 + world.random.below(60); left > 0 && !line.isGone; left--) {
      if (world.isEnding) break;
      if (line.unanswered < unansweredMax) line.send(topic);
      if (world.random.below(3) === 0) await pause(world);
    }
    await world.scheduler.wait(world.random.next() * 10);
    line.socket.terminate();
  }
}

/** One connection. */
class Line {
  readonly socket: ClientEnd;
  readonly opened: Promise<boolean>;
  isGone = false;
  #numbers: number[] = [];
  #text = "";
  #unsent: Uint8Array = new Uint8Array(0);

  constructor(
    private readonly world: ClientWorld,
    private readonly producer: ProducerHistory,
  ) {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.opened = promise;
    this.socket = world.dial("native", {
      opened: () => resolve(true),
      received: (bytes) => this.#received(bytes),
      writable: () => this.#write(),
      closed: () => {
        this.isGone = true;
        resolve(false);
      },
    });
  }

  get unanswered(): number {
    return this.#numbers.length;
  }

  send(topic: string): void {
    const { random } = this.world;
    const number = this.producer.send(topic, random.below(2) === 0, random.below(300));
    this.#numbers.push(number);
    const frame = encodeFrame(this.producer.message(number));
    this.#unsent = new Uint8Array(Buffer.concat([this.#unsent, frame]));
    this.#write();
  }

  #write(): void {
    const taken = this.socket.write(this.#unsent, 0, this.#unsent.length);
    if (taken > 0) this.#unsent = this.#unsent.subarray(taken);
  }

  #received(bytes: Uint8Array): void {
    const lines = (this.#text + new TextDecoder().decode(bytes)).split("\n");
    this.#text = lines.pop() ?? "";
    for (const line of lines) this.#answered(line);
  }

  #answered(line: string): void {
    const { ledger, scheduler } = this.world;
    const number = this.#numbers.shift();
    if (number === undefined) return ledger.note(`native: "${line}" where nothing was sent`);
    scheduler.note(`${this.producer.nameOf(number)} natively: ${line}`);
    if (line === "OK") {
      ledger.acked(this.producer, [number], { topic: "", index: 0 }, -1);
    } else if (line !== "NACK:PUBLISH_FAILED") {
      ledger.note(`native: "${line}" for a frame that is well formed`);
    }
  }
}
