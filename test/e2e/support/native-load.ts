/**
 * A producer of a load that speaks the native protocol, as the original's do: one frame a record.
 *
 * Owns the frames in flight: what was sent and not answered, in order.
 */
import type { Random } from "../../../src/base/random.ts";
import { encodeFrame } from "../../../src/native/frame.ts";
import type { ProducerHistory } from "./history.ts";
import { type LoadProducer, type LoadShape, unsentBytesMax } from "./load-shape.ts";

/** See the head of this file. */
export class NativeLoadProducer implements LoadProducer {
  sent = 0;
  acknowledged = 0;
  refused = 0;
  readonly violations: string[] = [];
  readonly closed: Promise<void>;
  /** Numbers of the records in flight; those before `#answeredUpTo` are answered. */
  readonly #inFlight: number[] = [];
  #answeredUpTo = 0;
  #sending = true;
  #abandoned = false;
  #unsent: Uint8Array[] = [];
  #unsentBytes = 0;
  /** The beginning of a reply. */
  #line = "";
  #socket!: Bun.Socket;
  readonly #resolveClosed: () => void;

  private constructor(
    private readonly producer: ProducerHistory,
    private readonly shape: LoadShape,
    private readonly random: Random,
  ) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    this.#resolveClosed = resolve;
  }

  /** Connects and begins to send. */
  static async connect(
    port: number,
    producer: ProducerHistory,
    shape: LoadShape,
    random: Random,
  ): Promise<NativeLoadProducer> {
    const load = new NativeLoadProducer(producer, shape, random);
    producer.connections += 1;
    load.#socket = await Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: {
        data: (_, chunk) => load.#received(chunk),
        drain: () => load.#write(),
        close: () => load.#resolveClosed(),
        error: () => {},
      },
    });
    load.#fill();
    return load;
  }

  get inFlight(): number {
    return this.#inFlight.length - this.#answeredUpTo;
  }

  pause(): void {
    this.#sending = false;
  }

  resume(): void {
    this.#sending = true;
    this.#fill();
  }

  abandon(): void {
    this.pause();
    this.#abandoned = true;
  }

  close(): void {
    this.pause();
    this.#socket.end();
  }

  #fill(): void {
    const { topics, windowFrames, valueBytes } = this.shape;
    while (this.#sending && this.inFlight < windowFrames && this.#unsentBytes < unsentBytesMax) {
      const topic = topics[this.random.below(topics.length)];
      if (topic === undefined) throw new Error("a load has topics");
      const number = this.producer.send(topic.name, topic.hasKeys, valueBytes(this.random));
      const frame = encodeFrame(this.producer.message(number));
      this.#inFlight.push(number);
      this.#unsent.push(frame);
      this.#unsentBytes += frame.length;
      this.sent += 1;
    }
    this.#write();
  }

  #write(): void {
    if (this.#unsentBytes === 0) return;
    const joined = this.#unsent.length === 1 ? this.#unsent[0]! : Buffer.concat(this.#unsent);
    const taken = Math.max(0, this.#socket.write(joined));
    this.#unsentBytes -= taken;
    this.#unsent = taken < joined.length ? [joined.subarray(taken)] : [];
  }

  #received(chunk: Uint8Array): void {
    if (this.#abandoned) return;
    const lines = (this.#line + Buffer.from(chunk).toString("latin1")).split("\n");
    this.#line = lines.pop() ?? "";
    for (const line of lines) this.#answer(line);
    this.#forgetAnswered();
    this.#fill();
  }

  #answer(line: string): void {
    const number = this.#inFlight[this.#answeredUpTo];
    if (number === undefined) {
      this.violations.push(`an answer to nothing: ${line}`);
      return;
    }
    this.#answeredUpTo += 1;
    if (line === "OK") {
      this.acknowledged += 1;
      this.producer.answered(number, "acknowledged");
    } else if (line === "NACK:PUBLISH_FAILED") {
      this.refused += 1;
      this.producer.answered(number, "refused");
    } else {
      this.violations.push(`${this.producer.nameOf(number)} was answered: ${line}`);
    }
  }

  #forgetAnswered(): void {
    if (this.#answeredUpTo < this.shape.windowFrames) return;
    this.#inFlight.splice(0, this.#answeredUpTo);
    this.#answeredUpTo = 0;
  }
}
