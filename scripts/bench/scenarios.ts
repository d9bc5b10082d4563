/**
 * All scenarios. Those whose acknowledgement means a synced disk are the ones to look at first;
 * the others show what the promise costs.
 */
import { crowd } from "./crowd.ts";
import { gather } from "./gathering.ts";
import { dropCaches, type Placement } from "./machine.ts";
import type { ConsumeLoad, Figures, PacedLoad, ProduceLoad } from "./peer.ts";
import { factsOf } from "./process-facts.ts";
import type { Match, Scenario, Stand } from "./scenario.ts";

/** Peers that acknowledge from memory, against Obelisk told to do the same. */
const unsynced: readonly Match[] = ["kafka", "nats", "redis"].map((theirs) => {
  return ["obelisk-unsynced", theirs];
});
/** Obelisk as it is, against peers told to sync; against Kafka also as that is by default. */
const synced: readonly Match[] = [
  "kafka-flush",
  "kafka",
  "nats-always",
  "redis-always",
  "disk",
].map((theirs) => ["obelisk", theirs]);
const reading: readonly Match[] = ["kafka", "nats", "redis"].map((theirs) => ["obelisk", theirs]);
const kafkas: readonly Match[] = [
  ["obelisk", "kafka-flush"],
  ["obelisk", "kafka"],
];
const kafka: readonly Match[] = [["obelisk", "kafka"]];
const passing: readonly Match[] = [
  ...unsynced,
  ["obelisk", "kafka-flush"],
  ["obelisk", "redis-always"],
];
const passingPinned: readonly Match[] = [
  ["obelisk", "kafka-flush"],
  ["obelisk-unsynced", "kafka"],
  ["obelisk-unsynced", "redis"],
];

type Parts = Omit<Scenario, "placement"> & { readonly placement?: Placement };
const scenario = (parts: Parts): Scenario => ({ placement: "free", ...parts });

/** What is written first and not counted: code that is compiled as it runs must have run. */
const warmShare = 0.2;

/** Rates of records in. */
function produceScenario(
  [id, title]: readonly [string, string],
  matches: readonly Match[],
  load: Pick<ProduceLoad, "records" | "recordBytes"> & Partial<ProduceLoad>,
): Scenario {
  const whole: ProduceLoad = { partitions: 1, codec: "none", producers: 1, ...load };
  return scenario({
    id,
    title,
    figures: ["records/s"],
    matches,
    async run({ target, count, metered }) {
      const { produce } = target;
      if (produce === undefined) return null;
      const scaled = { ...whole, records: count(whole.records) };
      await produce({ ...scaled, records: count(whole.records * warmShare) });
      return await metered(scaled.records, () => produce(scaled));
    },
  });
}

/** Rates of records out, of a topic that was filled before. */
function consumeScenario(
  [id, title]: readonly [string, string],
  matches: readonly Match[],
  load: Pick<ConsumeLoad, "records" | "recordBytes"> & Partial<ConsumeLoad>,
  { way = "consume", isCold = false }: { way?: "consume" | "drain"; isCold?: boolean } = {},
): Scenario {
  const whole: ConsumeLoad = { readers: 1, ...load };
  return scenario({
    id,
    title,
    figures: [way === "drain" ? "MB/s" : "records/s"],
    matches,
    async run(stand) {
      const { target, count, metered } = stand;
      const consume = target[way];
      const { fill } = target;
      if (fill === undefined || consume === undefined) return null;
      const scaled = { ...whole, records: count(whole.records) };
      await fill(scaled);
      await (isCold ? dropCaches() : consume(scaled));
      return await metered(scaled.records * whole.readers, () => consume(scaled));
    },
  });
}

function turnScenario(
  [id, title]: readonly [string, string],
  matches: readonly Match[],
  { way, placement = "free" }: { way: "acknowledge" | "pass"; placement?: Placement },
): Scenario {
  return scenario({
    id,
    title,
    placement,
    figures: ["p50 µs", "p99 µs"],
    matches,
    async run({ target, count, metered }) {
      const load = { records: count(20_000), recordBytes: 100 };
      const { acknowledge, pass } = target;
      if (way === "acknowledge") {
        const whole = { ...load, connections: 1 };
        return acknowledge ? await metered(load.records, () => acknowledge(whole)) : null;
      }
      const whole = { ...load, readers: 1 };
      return pass ? await metered(load.records, () => pass(whole)) : null;
    },
  });
}

function pacedScenario(
  [id, title]: readonly [string, string],
  matches: readonly Match[],
  load: Omit<PacedLoad, "seconds">,
  figures: readonly ("ack p99 µs" | "end to end p99 µs")[],
): Scenario {
  return scenario({
    id,
    title,
    figures,
    matches,
    async run({ target, count, metered }) {
      const { pace } = target;
      if (pace === undefined) return null;
      const seconds = pacedSeconds(count(20_000));
      return await metered(load.recordsPerSecond * seconds, () => pace({ ...load, seconds }));
    },
  });
}

/** How long it takes to start again. */
function startScenario(
  [id, title]: readonly [string, string],
  matches: readonly Match[],
  before: ((stand: Stand) => Promise<unknown> | undefined) | null,
  signal: "SIGTERM" | "SIGKILL",
): Scenario {
  return scenario({
    id,
    title,
    figures: ["start ms"],
    matches,
    async run(stand) {
      if (before === null) return { "start ms": stand.startMs };
      const done = before(stand);
      if (done === undefined) return null;
      await done;
      return { "start ms": (await stand.restart(signal)).startMs };
    },
  });
}

/** Less than three seconds would leave less than two, without the first. */
const pacedSeconds = (ms: number): number => Math.max(3, Math.round(ms / 1000));

const mebibyte = 2 ** 20;

/** Resident memory: at rest, behind a load in, behind a load out. */
async function memory({ target, count, metered }: Stand): Promise<Figures | null> {
  const { fill, consume } = target;
  if (fill === undefined || consume === undefined) return null;
  await Bun.sleep(1000);
  const idle = factsOf(target.pid).residentBytes / mebibyte;
  const load = { records: count(5_000_000), recordBytes: 100, readers: 1 };
  await metered(load.records, () => fill(load));
  const filled = factsOf(target.pid).residentBytes / mebibyte;
  await consume(load);
  const { residentBytes, residentBytesMax } = factsOf(target.pid);
  return {
    "idle MiB": idle,
    "after writing MiB": filled,
    "after reading MiB": residentBytes / mebibyte,
    "peak MiB": residentBytesMax / mebibyte,
  };
}

/** A reader far behind, while records go in at half of what is usual. */
async function catchUp({ target, count, metered }: Stand): Promise<Figures | null> {
  const { fill, consume, pace } = target;
  if (fill === undefined || consume === undefined || pace === undefined) return null;
  const load = { records: count(2_000_000), recordBytes: 1024, readers: 1 };
  await fill(load);
  const seconds = pacedSeconds(count(10_000));
  const pacing = { recordsPerSecond: 50_000, recordBytes: 1024, seconds };
  const records = load.records + pacing.recordsPerSecond * seconds;
  const [read, written] = await metered(records, () => Promise.all([consume(load), pace(pacing)]));
  return { ...written, "records/s": read["records/s"] ?? NaN, "MB/s": read["MB/s"] ?? NaN };
}

const small = { records: 5_000_000, recordBytes: 100 };
const large = { records: 1_500_000, recordBytes: 1024 };
const thousandTopics = Array.from({ length: 1000 }, (_, at) => `idle-${at}`);

export const scenarios: readonly Scenario[] = [
  produceScenario(["P3", "produce 100 B, fsync before the ack"], synced, small),
  produceScenario(["P3x10", "the same from 10 producers"], synced, { ...small, producers: 10 }),
  produceScenario(["P4", "produce 1 KiB, fsync before the ack"], synced, large),
  turnScenario(["P5", "one record in flight, fsync before the ack"], synced, {
    way: "acknowledge",
  }),
  produceScenario(["P1", "produce 100 B, no fsync"], unsynced, small),
  produceScenario(["P2", "produce 1 KiB, no fsync"], unsynced, large),
  produceScenario(["P6", "produce 1 KiB to 16 partitions"], kafkas, { ...large, partitions: 16 }),
  scenario({
    id: "P6t",
    title: "produce 1 KiB to 100 topics",
    figures: ["records/s"],
    matches: kafkas,
    async run({ target, count, metered }) {
      const { spread } = target;
      if (spread === undefined) return null;
      const seconds = pacedSeconds(count(8000));
      const load = { recordsPerSecond: 0, recordBytes: 1024, seconds };
      return await metered(NaN, () => spread(100, load));
    },
  }),
  consumeScenario(["C1", "consume 100 B"], reading, small),
  consumeScenario(["C1s", "fetch 100 B, records not looked at"], kafka, small, { way: "drain" }),
  consumeScenario(["C2", "consume 1 KiB"], reading, large),
  consumeScenario(["C2s", "fetch 1 KiB, records not looked at"], kafka, large, { way: "drain" }),
  consumeScenario(["C3", "consume 1 KiB, page cache dropped"], kafka, large, { isCold: true }),
  consumeScenario(["C4", "10 readers of the same 1 KiB"], kafka, {
    ...large,
    records: 300_000,
    readers: 10,
  }),
  scenario({
    id: "C5",
    title: "catching up on 1 KiB while 50,000 a second come in",
    figures: ["records/s", "ack p99 µs"],
    matches: kafkas,
    run: catchUp,
  }),
  ...(["free", "one CPU", "two CPUs"] as const).map((placement) => {
    const title = `100 B from producer to consumer, one in flight, ${placement}`;
    return turnScenario(
      [placement === "free" ? "E1" : `E1 ${placement}`, title],
      placement === "free" ? passing : passingPinned,
      { way: "pass", placement },
    );
  }),
  pacedScenario(
    ["E2", "50,000 records of 1 KiB a second"],
    kafkas,
    { recordsPerSecond: 50_000, recordBytes: 1024 },
    ["end to end p99 µs", "ack p99 µs"],
  ),
  pacedScenario(
    ["E2b", "200,000 records of 100 B a second"],
    kafkas,
    { recordsPerSecond: 200_000, recordBytes: 100 },
    ["end to end p99 µs", "ack p99 µs"],
  ),
  scenario({
    id: "G1",
    title: "a group of 50 gathers, and goes on without one",
    figures: ["gathered ms", "without one ms"],
    matches: kafka,
    run: gather,
  }),
  scenario({
    id: "K1",
    title: "one record in flight beside idle connections, up to 10,000",
    figures: ["p99 µs", "accepted/s", "bytes a connection"],
    matches: kafkas,
    run: crowd,
  }),
  startScenario(
    ["R1", "start, empty"],
    ["kafka", "nats", "redis"].map((theirs) => ["obelisk", theirs] as const),
    null,
    "SIGTERM",
  ),
  startScenario(
    ["R1p", "start with 1,000 partitions"],
    kafka,
    ({ target }) => target.create?.(thousandTopics, 1),
    "SIGTERM",
  ),
  startScenario(
    ["R1u", "start after a kill, up to 2.5 GiB stored"],
    reading,
    ({ target, count }) =>
      target.fill?.({ records: count(2_500_000), recordBytes: 1024, readers: 1 }),
    "SIGKILL",
  ),
  scenario({
    id: "M1",
    title: "memory at rest and after a load",
    figures: ["idle MiB", "after writing MiB", "peak MiB"],
    matches: reading,
    run: memory,
  }),
  produceScenario(["X1 lz4", "produce 1 KiB, lz4 batches"], kafkas, { ...large, codec: "lz4" }),
  produceScenario(["X1 zstd", "produce 1 KiB, zstd batches"], kafkas, { ...large, codec: "zstd" }),
  produceScenario(
    ["N1", "produce 100 B by the original's protocol"],
    [
      ["obelisk-native", "obelisk"],
      ["obelisk-native", "disk"],
    ],
    { records: 2_000_000, recordBytes: 100 },
  ),
  produceScenario(["H1", "produce 100 B by REST v3"], [["obelisk-http", "obelisk"]], {
    records: 2_000_000,
    recordBytes: 100,
  }),
  consumeScenario(["H2", "consume 100 B by REST v2"], [["obelisk-http", "obelisk"]], {
    records: 2_000_000,
    recordBytes: 100,
  }),
  pacedScenario(
    ["H3", "Kafka's requests beside 311 a second by HTTP: by another broker's, and without"],
    [
      ["obelisk-beside-http", "obelisk-apart-from-http"],
      ["obelisk-beside-http", "obelisk"],
    ],
    { recordsPerSecond: 300, recordBytes: 100 },
    ["ack p99 µs", "end to end p99 µs"],
  ),
  pacedScenario(
    ["H4", "HTTP's requests beside 311 a second by Kafka's port: another broker's, and without"],
    [
      ["obelisk-http-beside-kafka", "obelisk-http-apart-from-kafka"],
      ["obelisk-http-beside-kafka", "obelisk-http"],
    ],
    { recordsPerSecond: 300, recordBytes: 100 },
    ["ack p99 µs"],
  ),
];
