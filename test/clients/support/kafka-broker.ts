/** The executable with an open Kafka door, in a directory of its own. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type Compression, batchBytesAt, compressionNames } from "../../../src/record/batch.ts";
import { viewOf } from "../../../src/record/batch.ts";
import { startBroker } from "../../e2e/support/broker-process.ts";
import { temporaryDirectory } from "../../support/temporary.ts";
import { until } from "../../support/until.ts";

export class KafkaBroker implements AsyncDisposable {
  #directory = temporaryDirectory();
  #process: AsyncDisposable | null = null;
  #address: string | null = null;
  /** `host:port` of HTTP. */
  http = "";

  /** Groups begin at once, so that tests don't wait for members that don't come. */
  static async start(...args: string[]): Promise<KafkaBroker> {
    const made = new KafkaBroker();
    const options = ["--group-initial-rebalance-delay-ms", "0", ...args];
    const { process: started } = await startBroker(made.#data, options);
    made.#process = started;
    await until(() => started.lines.some(({ event }) => event === "ready"));
    const door = started.lines.find((line) => line["door"] === "kafka protocol");
    made.#address = String(door?.["address"]);
    made.http = String(started.lines.find((line) => line["door"] === "http")?.["address"]);
    return made;
  }

  /** `host:port` for clients. */
  get address(): string {
    if (this.#address === null) throw new Error("it was not started");
    return this.#address;
  }

  /** How the batches of a partition are compressed in its files, each way once. */
  codecs(topic: string, partition = 0): Compression[] {
    const folder = join(this.#data, "topics", topic, String(partition));
    const found = new Set<Compression>();
    for (const file of readdirSync(folder).filter((name) => name.endsWith(".log"))) {
      const bytes = readFileSync(join(folder, file));
      const view = viewOf(bytes);
      // A file is made longer than what is in it: zeros follow the last batch.
      for (let at = 0; at + 61 <= bytes.length && bytes[at + 16] === 2;) {
        found.add(compressionNames[bytes[at + 22]! & 7]!);
        at += batchBytesAt(view, at);
      }
    }
    return [...found];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process?.[Symbol.asyncDispose]();
    this.#directory[Symbol.dispose]();
  }

  get #data(): string {
    return join(this.#directory.path, "data");
  }
}
