/**
 * Bugs to be planted: each one is what a decoder, or what stands behind it, gets wrong. A fuzzer
 * has to find each within its number of inputs, without the corpus; `fuzz --planted` does it.
 */
import type { Replacement } from "../sim/planted.ts";

/** See the head of this file. */
export interface PlantedFault {
  readonly name: string;
  readonly target: string;
  readonly inputsMax: number;
  readonly replacement: Replacement;
}

const fault = (
  name: string,
  target: string,
  inputsMax: number,
  file: string,
  from: string,
  to: string,
): PlantedFault => ({ name, target, inputsMax, replacement: { file, from, to } });

/** See the head of this file. */
export const plantedFaults: readonly PlantedFault[] = [
  fault(
    "memory is taken on the word of a frame's length",
    "kafka-frames",
    5_000,
    "src/net/frames.ts",
    "if (isLarge && (this.#held.bytes + piece.length) * 4 >= this.#announced) {",
    "if (isLarge) {",
  ),
  fault(
    "answers to Heartbeat have the form of version 0",
    "kafka-frames",
    1_000,
    "src/kafka/dispatch.ts",
    "request, responseVersion: apiVersion };",
    'request, responseVersion: route.name === "Heartbeat" ? 0 : apiVersion };',
  ),
  fault(
    "a partition that is not there is asked for its records",
    "kafka-frames",
    5_000,
    "src/kafka/handlers/produce.ts",
    'if (partition === undefined) return refused(index, "UNKNOWN_TOPIC_OR_PARTITION");',
    'if (partition === undefined) throw new Error("no such partition");',
  ),
  fault(
    "what a request was charged is not given back where it can't be read",
    "kafka-frames",
    2_000,
    "src/kafka/session.ts",
    "for (const { charge } of this.#queue.slice(this.#next)) this.#charged -= charge;",
    "",
  ),
  fault(
    "a value may end before its frame does",
    "native-frames",
    20_000,
    "src/native/frame.ts",
    "if (view.getUint32(keyTo, true) !== end - valueFrom) return null;",
    "if (view.getUint32(keyTo, true) > end - valueFrom) return null;",
  ),
  fault(
    "a record may be longer than what is in it",
    "batches",
    20_000,
    "src/record/records.ts",
    'if (source.at !== source.end) return this.fail("bytes after the headers");',
    "",
  ),
  fault(
    "a batch may count other records than it has offsets",
    "batches",
    5_000,
    "src/broker/produced-batch.ts",
    "header.recordsCount <= 0 || header.lastOffsetDelta !== header.recordsCount - 1,",
    "header.recordsCount <= 0,",
  ),
  fault(
    "a varint of a record may have more than 32 bits",
    "batches",
    100_000,
    "src/base/varint.ts",
    "if (shift === 28 && byte > 0x0f) return Number.NaN;",
    "",
  ),
  fault(
    "a match of LZ4 may reach back before its block",
    "compressed",
    50_000,
    "src/record/lz4.ts",
    "if (distance === 0 || at - distance < floor) return -1;",
    "if (distance === 0) return -1;",
  ),
  fault(
    "blocks of Snappy are not added up",
    "compressed",
    50_000,
    "src/record/snappy.ts",
    "    bytes += block.contentBytes;\n    if (bytes > bytesMax)",
    "    bytes += block.contentBytes;\n    if (block.contentBytes > bytesMax)",
  ),
  fault(
    "a batch is believed wherever it lies",
    "recovery",
    20_000,
    "src/log/scan.ts",
    'if (expected.isExact ? base !== expected.offset : base < expected.offset) return "misplaced";',
    "",
  ),
  fault(
    "offsets are given away twice where a stray file lies",
    "recovery",
    20_000,
    "src/log/segment-log.ts",
    "const next = this.#list.all.reduce(",
    "const next = this.#list.all.slice(-1).reduce(",
  ),
  fault(
    "a path that can't be decoded is a defect",
    "http",
    5_000,
    "src/http/router.ts",
    "if (error instanceof URIError) return null;",
    "",
  ),
  fault(
    "the bytes of a body are counted for ever",
    "http",
    5_000,
    "src/http/request.ts",
    "    this.release(this.#heldBytes);\n",
    "",
  ),
];

/** The document that lists them, and between which lines; `run.ts docs` rewrites it there. */
export const faultsPath = "test/README.md";
export const faultsMarks = { begin: "<!-- faults -->", end: "<!-- /faults -->" };

/** One row for each, as the formatter writes them. */
export function faultsTable(): string {
  const cells = [
    ["planted bug", "target", "found within"],
    ...plantedFaults.map(({ name, target, inputsMax }) => [name, target, `${inputsMax} inputs`]),
  ];
  const widths = [0, 1, 2].map((column) => Math.max(...cells.map((row) => row[column]!.length)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`;
  const rule = line(widths.map((width) => "-".repeat(width)));
  return [line(cells[0]!), rule, ...cells.slice(1).map(line)].join("\n");
}
