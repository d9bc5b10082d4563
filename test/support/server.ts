/** A whole server in this process, in a temporary directory, on a free port of loopback. */
import { Refusal } from "../../src/base/refusal.ts";
import { scanArguments } from "../../src/cli/arguments.ts";
import { Misuse, resolveOptions } from "../../src/cli/resolve.ts";
import { brokerOptions, type BrokerOptions } from "../../src/options.ts";
import { batchBytesAt, viewOf } from "../../src/record/batch.ts";
import { openRecords } from "../../src/record/records.ts";
import { type Server, StartFailure, startServer } from "../../src/server.ts";
import { MemoryLogger } from "../fake/logger.ts";
import { unwrap } from "./log-world.ts";
import { temporaryDirectory } from "./temporary.ts";

/** The options that these arguments of `serve` make; nothing else has a say. */
export function brokerOptionsOf(...args: string[]): BrokerOptions {
  const sources = { scan: scanArguments(brokerOptions, args), environment: {}, file: null };
  const resolved = resolveOptions(brokerOptions, [], sources);
  if (resolved instanceof Misuse) throw new Error(resolved.problems.join(" "));
  return resolved.values;
}

/** One record, for comparing. */
export interface TextRecord {
  readonly key: string | null;
  readonly value: string;
  readonly timestamp: number;
}

export class TestServer implements AsyncDisposable {
  readonly logger = new MemoryLogger();
  readonly #directory = temporaryDirectory();
  #server: Server | null = null;

  private constructor(private readonly args: readonly string[]) {}

  /** Starts one with arguments of `serve`. */
  static async start(...args: string[]): Promise<TestServer> {
    const made = new TestServer(args);
    await made.start();
    return made;
  }

  /** The data directory. */
  get data(): string {
    return this.#directory.path;
  }

  get server(): Server {
    if (this.#server === null) throw new Error("the server was stopped");
    return this.#server;
  }

  /** `host:port` of the native protocol. */
  get address(): string {
    return this.server.doors[0]?.address ?? "";
  }

  /** `host:port` of the Kafka protocol. */
  get kafkaAddress(): string {
    return this.server.doors.find(({ name }) => name === "kafka protocol")?.address ?? "";
  }

  /** Starts it again, in the same directory; `args` are added to those of the first start. */
  async start(...args: string[]): Promise<void> {
    const options = brokerOptionsOf(
      "--data",
      this.data,
      "--native-port",
      "0",
      "--kafka-port",
      "0",
      "--http-port",
      "0",
      ...this.args,
      ...args,
    );
    const started = await startServer(options, this.logger);
    if (started instanceof StartFailure) throw new Error(started.message);
    this.#server = started;
  }

  async stop(deadlineMs = 5_000): Promise<void> {
    await this.#server?.stop(deadlineMs);
    this.#server = null;
  }

  /** All records of a partition, as texts. */
  async records(topic: string, partition = 0): Promise<TextRecord[]> {
    const log = this.server.broker.topic(topic)?.partitions[partition]?.log;
    if (log === undefined) throw new Error(`there is no ${topic}/${partition}`);
    const found: TextRecord[] = [];
    let at = log.startOffset;
    while (at < log.visibleOffset) {
      const read = unwrap(await log.read(at, 1024 * 1024));
      found.push(...textRecordsIn(read.chunks));
      at = read.nextOffset;
    }
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    this.#directory[Symbol.dispose]();
  }
}

function textRecordsIn(chunks: readonly Uint8Array[]): TextRecord[] {
  const found: TextRecord[] = [];
  for (const chunk of chunks) {
    const view = viewOf(chunk);
    for (let at = 0; at < chunk.length; at += batchBytesAt(view, at)) {
      const records = openRecords(chunk, view, at);
      if (records instanceof Refusal) throw new Error(records.message);
      while (records.next()) {
        const { key, value, timestamp } = records.record();
        found.push({ key: key && textOf(key), value: textOf(value), timestamp });
      }
    }
  }
  return found;
}

const textOf = (bytes: Uint8Array | null): string => Buffer.from(bytes ?? []).toString("latin1");
