import { expect } from "bun:test";
import { join } from "node:path";
import { leaveNothing } from "../e2e/support/leave-nothing.ts";
import { untilWithin } from "../e2e/support/within.ts";
import { skipUnless } from "../support/skip.ts";
import { kit } from "./support/kits.ts";
import { KafkaBroker } from "./support/kafka-broker.ts";
import { endPrograms, output, Program } from "./support/program.ts";

leaveNothing();
endPrograms();

const testKcat = skipUnless(Bun.which("kcat") !== null, "kcat is not installed");

const msMax = 60_000;
const json = "application/vnd.kafka.json.v2+json";
const v2 = "application/vnd.kafka.v2+json";

/** A consumer of REST v2 in group `shared`, on topic `t`. */
class RestMember {
  readonly values: number[] = [];

  private constructor(private readonly base: string) {}

  static async start(broker: KafkaBroker): Promise<RestMember> {
    const created = await fetch(`http://${broker.http}/consumers/shared`, {
      method: "POST",
      headers: { "content-type": v2 },
      body: '{"format": "json", "auto.offset.reset": "earliest", "auto.commit.enable": "true"}',
    });
    const { base_uri: base } = (await created.json()) as { readonly base_uri: string };
    await fetch(`${base}/subscription`, {
      method: "POST",
      headers: { "content-type": v2 },
      body: '{"topics": ["t"]}',
    });
    return new RestMember(base);
  }

  async partitions(): Promise<number> {
    const answered = await fetch(`${this.base}/assignments`);
    const { partitions } = (await answered.json()) as { readonly partitions: readonly unknown[] };
    return partitions.length;
  }

  async read(): Promise<void> {
    const url = `${this.base}/records?timeout=100`;
    const answered = await fetch(url, { headers: { accept: json } });
    const records = (await answered.json()) as readonly { readonly value: number }[];
    this.values.push(...records.map(({ value }) => value));
  }

  async leave(): Promise<void> {
    await fetch(this.base, { method: "DELETE" });
  }
}

/** kcat in the same group. */
class KcatMember extends Program {
  constructor(broker: KafkaBroker) {
    super([
      ...["kcat", "-b", broker.address, "-G", "shared", "-u", "-f", "%s\\n"],
      ...["-X", "heartbeat.interval.ms=100", "-X", "session.timeout.ms=6000"],
      ...["-X", "auto.offset.reset=earliest", "t"],
    ]);
  }

  get values(): number[] {
    return this.stdout.split("\n").slice(0, -1).map(Number);
  }
}

const packages = await kit("rest");
const isThere = "folder" in packages;
const testClient = skipUnless(isThere, isThere ? "" : packages.missing);

testClient(
  "a consumer that was written for Confluent's proxy works unchanged",
  async () => {
    await using broker = await KafkaBroker.start();
    const program = join(import.meta.dir, "programs", "rest.py");
    const environment = { PYTHONPATH: isThere ? join(packages.folder, "lib") : "" };
    const said = await output(["python3", program, broker.http, "100"], { environment });
    const numbers = Array.from({ length: 100 }, (_, number) => ({ number }));
    expect(JSON.parse(said)).toEqual(numbers);
  },
  msMax,
);

testKcat(
  "kcat and consumers of REST v2 share one group, and take over from one another",
  async () => {
    await using broker = await KafkaBroker.start("--partitions", "4");
    const produce = async (from: number): Promise<void> => {
      const rows = Array.from({ length: 40 }, (_, at) => `${from + at}:${from + at}`).join("\n");
      await output(["kcat", "-b", broker.address, "-t", "t", "-P", "-K:"], { stdin: rows });
    };
    await produce(0);
    const rest = await RestMember.start(broker);
    await untilWithin(msMax, "all partitions", async () => (await rest.partitions()) === 4);
    const kcat = new KcatMember(broker);
    await untilWithin(msMax, "two members, two partitions each", async () => {
      return (await rest.partitions()) === 2 && kcat.stderr.includes("assigned");
    });
    await untilWithin(msMax, "the records of both", async () => {
      await rest.read();
      return new Set([...rest.values, ...kcat.values]).size === 40;
    });
    expect([rest.values.length > 0, kcat.values.length > 0]).toEqual([true, true]);
    expect(rest.values.length + kcat.values.length).toBe(40);
    await rest.leave();
    await produce(40);
    await untilWithin(msMax, "all further records at kcat", () => {
      return kcat.values.filter((value) => value >= 40).length === 40;
    });
    expect(kcat.values.length + rest.values.length).toBe(80);
  },
  4 * msMax,
);
