/** The options of `produce`, and which of them contradict each other. */
import { quoted } from "../base/printable.ts";
import {
  clientLingerMsMax,
  producerDeliveryMsMax,
  produceCountMax,
  produceRateMax,
  produceTimeoutMsMax,
  produceTimeoutMsMin,
  shownCharactersMax,
} from "../limits.ts";
import { nameFault } from "../log/layout.ts";
import { compressionNames } from "../record/batch.ts";
import { nanosecondMillisecondsMax } from "../record/nanoseconds.ts";
import { brokerAddresses } from "./broker-address.ts";
import { clusterOptions } from "./kafka-cluster.ts";
import { repeated, type Values } from "./option.ts";
import { choice, duration, integer, text, toggle } from "./option-kinds.ts";
import { delimiter } from "./produce-delimiter.ts";
import { header } from "./produce-header.ts";
import { workloadNames } from "./produce-workload.ts";
import { progressOption } from "./progress.ts";
import type { OriginOf } from "./resolve.ts";

export const produceOptions = {
  topic: text({ short: "t", default: null, placeholder: "<name>", help: "Where the records go" }),
  broker: brokerAddresses({
    short: "b",
    default: null,
    help:
      "Brokers of one cluster, of Obelisk or any Kafka; left out: 127.0.0.1:9092, with --native " +
      "127.0.0.1:8080",
  }),
  partition: integer({
    short: "p",
    default: null,
    min: -1,
    max: 0x7fff_ffff,
    help: "Into this partition; left out, or -1: as the key says",
  }),
  key: text({
    short: "k",
    default: null,
    help: "Key of all records that have none of their own; one key stays in one partition",
  }),
  header: repeated(header({ short: "H", help: "Give each record this header" })),
  keyDelimiter: delimiter({
    short: "K",
    default: null,
    help: "What stands between key and value; a record without it has no key of its own",
  }),
  delimiter: delimiter({
    short: "D",
    default: null,
    help: "What stands between two records; left out: a line break",
  }),
  nulls: toggle({
    short: "Z",
    help: "An empty key or value is null; a null value deletes its key",
  }),
  envelope: toggle({
    short: "J",
    help: "Each line is a record in JSON, as consume -J or --json prints it",
  }),
  wholeFiles: toggle({ help: "Each file is one record, whatever is in it" }),
  timestamp: integer({
    default: null,
    min: 0,
    max: nanosecondMillisecondsMax,
    placeholder: "<ms>",
    help: "Time of all records, in milliseconds since 1970; left out: when each is sent",
  }),
  workload: choice(workloadNames, {
    default: null,
    placeholder: "<name>",
    help: "Send test records to topic-0, topic-1 and topic-2 instead of reading anything",
  }),
  count: integer({
    short: "c",
    default: null,
    min: 1,
    max: produceCountMax,
    help: "End after so many records; left out: with the input, or as the workload says",
  }),
  rate: integer({
    default: null,
    min: 1,
    max: produceRateMax,
    help: "Records a second; left out: as fast as the broker stores them",
  }),
  acks: choice(["all", "1", "0"], {
    default: "all",
    help: "Who has a record when it counts: all that copy it, its leader, or nobody for certain",
  }),
  idempotent: toggle({
    default: true,
    help: "With --acks all, number the records, so that none is stored twice or out of order",
  }),
  compression: choice(compressionNames, { short: "z", default: "none", help: "Pack the records" }),
  lingerMs: duration({
    name: "linger",
    default: 0,
    min: 0,
    max: clientLingerMsMax,
    help: "Wait so long for more records that are to go together",
  }),
  timeoutMs: duration({
    name: "timeout",
    default: producerDeliveryMsMax,
    min: produceTimeoutMsMin,
    max: produceTimeoutMsMax,
    help: "How long a record may wait for its OK, also while the connection is made again",
  }),
  requestTimeoutMs: {
    ...clusterOptions.requestTimeoutMs,
    help: "How long a broker may take to answer a request, which then is made again",
  },
  clientId: clusterOptions.clientId,
  native: toggle({ help: "Speak the original's own protocol, to one broker" }),
  json: toggle({ help: "Print the summary as one JSON object, on standard output" }),
  quiet: toggle({ short: "q", help: "Say nothing but what went wrong" }),
  progress: progressOption,
};

type Table = typeof produceOptions;
export type ProduceValues = Values<Table>;

/** What is wrong, as one sentence, or `null`. */
export function refuseProduce(given: ProduceValues, originOf: OriginOf<Table>): string | null {
  return refuseNative(given, originOf) ?? refuseRecords(given, originOf);
}

function refuseRecords(given: ProduceValues, originOf: OriginOf<Table>): string | null {
  const { topic, workload, wholeFiles, envelope } = given;
  const uselessOf = (names: readonly (keyof Table)[], why: string): string | null => {
    const useless = names.find((name) => isGiven(given, name));
    return useless === undefined ? null : `${originOf(useless)} has no effect with ${why}.`;
  };
  if (workload !== null) {
    const names = ["topic", ...ofRecords, ...splitting, "wholeFiles", "envelope"] as const;
    return uselessOf(names, "--workload, which makes its own records");
  }
  if (topic === null && !envelope) {
    return "--topic is needed: where the records go (or a --workload).";
  }
  const fault = topic === null ? null : nameFault(topic);
  if (fault !== null) {
    const shown = quoted(topic ?? "", shownCharactersMax);
    return `${originOf("topic")} is ${shown}, which no topic can be called: ${fault}.`;
  }
  if (wholeFiles) {
    return uselessOf([...splitting, "envelope"], "--whole-files, which are not taken apart");
  }
  if (!envelope) return null;
  return uselessOf(["keyDelimiter", "nulls"], "--envelope, whose lines say it themselves");
}

function refuseNative(given: ProduceValues, originOf: OriginOf<Table>): string | null {
  if (!given.native) return null;
  if ((given.broker?.length ?? 1) > 1) {
    return `${originOf("broker")} names more than one broker, and --native speaks to one.`;
  }
  for (const [name, why] of Object.entries(notNative)) {
    // The keys of the table below.
    const key = name as keyof typeof notNative;
    if (isGiven(given, key)) return `${originOf(key)} is nothing for --native: ${why}.`;
  }
  return null;
}

/** What the original's protocol does not have. */
const notNative = {
  partition: "the broker chooses the partition, by the key",
  header: "its records have no headers",
  nulls: "its keys and values are never null",
  envelope: "its records have no headers, partitions and nulls, and such lines may",
  acks: "every record is answered when it is stored",
  compression: "its records are not packed",
  lingerMs: "each record goes at once, and the broker gathers them (serve --linger)",
  requestTimeoutMs: "--timeout is all the time there is",
  clientId: "its clients have no names",
} as const;

/** What takes an input apart. */
const splitting = ["keyDelimiter", "delimiter"] as const;
/** What is the same in all records of a call. */
const ofRecords = ["partition", "key", "header", "nulls", "timestamp"] as const;

/** Whether an option has another value than if it were left out. */
function isGiven(given: ProduceValues, name: keyof Table): boolean {
  const value = given[name];
  return Array.isArray(value) ? value.length > 0 : value !== produceOptions[name].fallback;
}
