/** The table in `src/kafka/README.md` of the clients that were run, as the formatter writes it. */
import { recipes } from "./kits.ts";

/** The document that shows it, and between which lines; `run.ts docs` rewrites it there. */
export const clientsPath = "src/kafka/README.md";
export const clientsMarks = { begin: "<!-- clients -->", end: "<!-- /clients -->" };

const { javascript, python, java, go } = recipes;
const node = "Node.js";
const script = "none, gzip, snappy, lz4";
const all = `${script}, zstd`;

/** Client, version, in what, compressions, test. */
const rows = [
  ["kcat (librdkafka 2.0.2)", "1.7.1", "Debian's package", all, "kcat"],
  ["kafkajs", javascript.packages.kafkajs, node, script, "kafkajs"],
  ["@platformatic/kafka", javascript.packages["@platformatic/kafka"], node, script, "platformatic"],
  ["confluent-kafka-python", python.packages["confluent-kafka"], "Python 3", all, "confluent"],
  [
    "Apache Kafka's console tools, Java client",
    java.packages["org.apache.kafka:kafka-tools"],
    "Java 17",
    all,
    "java",
  ],
  ["franz-go, kadm", Object.values(go.packages).join(", "), "Go", all, "franz"],
];

/** One row for each client. */
export function clientsTable(): string {
  const head = ["client", "version", "in", "compressions", "`test/clients`"];
  const cells = [head, ...rows.map((row) => [...row.slice(0, 4), `\`${row[4]}.test.ts\``])];
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`;
  const rule = line(widths.map((width) => "-".repeat(width)));
  return [line(head), rule, ...cells.slice(1).map(line)].join("\n");
}
