/**
 * `kafka-diff <folder>`: our message tables beside Kafka's own definitions, field by field and
 * version by version. The definitions are the JSON files in the folder `common/message` of the jar
 * `org.apache.kafka:kafka-clients` (a ZIP file) from Maven; they are not kept here.
 *
 * A difference in a version that we serve is an error. What Kafka's brokers serve to clients and we
 * don't is listed as MISSING, and is none.
 */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { apis } from "../src/kafka/apis.ts";
import { RequestHeader, ResponseHeader } from "../src/kafka/headers.ts";
import {
  ConsumerProtocolAssignment,
  ConsumerProtocolSubscription,
} from "../src/kafka/messages/consumer-protocol.ts";
import { Layout } from "../src/wire/layout.ts";
import { type Content, type Shape, type Table, noUuid } from "../src/wire/table.ts";
import type { Command } from "./command.ts";

/** A field as Kafka defines it: versions as `3+`, `0-7`, `2` or `none`; types as `[]int32`. */
interface KafkaField {
  readonly name: string;
  readonly type: string;
  readonly versions: string;
  readonly nullableVersions?: string;
  readonly taggedVersions?: string;
  readonly flexibleVersions?: string;
  readonly tag?: number;
  readonly default?: string | number;
  readonly fields?: readonly KafkaField[];
}

interface KafkaMessage {
  readonly name: string;
  readonly type: string;
  readonly apiKey?: number;
  readonly listeners?: readonly string[];
  readonly validVersions: string;
  readonly flexibleVersions: string;
  readonly latestVersionUnstable?: boolean;
  readonly fields: readonly KafkaField[];
  readonly commonStructs?: readonly KafkaField[];
}

export const kafkaDiff: Command = {
  summary: "compare our message tables with a folder of Kafka's definitions",
  run: async ([folder]) => {
    if (folder === undefined) {
      process.stderr.write("kafka-diff needs the folder of Kafka's *.json\n");
      return 2;
    }
    const kafka = readDefinitions(folder);
    const tables: Table[] = Object.values(apis).flatMap(({ request, response }) => {
      return [request, response];
    });
    tables.push(RequestHeader, ResponseHeader);
    tables.push(ConsumerProtocolSubscription, ConsumerProtocolAssignment);
    const differences = tables.flatMap((table) => compare(table, kafka.get(table.name)));
    for (const line of [...missing(kafka), ...differences]) process.stdout.write(`${line}\n`);
    const versions = tables.map(({ versions: [oldest, newest] }) => newest - oldest + 1);
    const total = versions.reduce((sum, count) => sum + count, 0);
    process.stdout.write(
      `${tables.length} tables, ${total} versions, ${differences.length} differences\n`,
    );
    return differences.length === 0 ? 0 : 1;
  },
};

function readDefinitions(folder: string): Map<string, KafkaMessage> {
  const names = readdirSync(folder).filter((name) => name.endsWith(".json"));
  const messages = names.map((name) => {
    const text = readFileSync(join(folder, name), "utf8");
    // They have comments; what looks like one in a string is none.
    const json = text.replace(/("(?:[^"\\]|\\.)*")|\/\/.*/g, "$1");
    return JSON.parse(json) as KafkaMessage;
  });
  return new Map(messages.map((message) => [message.name, message]));
}

/** Versions that Kafka serves to clients and we don't. */
function missing(kafka: ReadonlyMap<string, KafkaMessage>): string[] {
  const ours = new Map<number, Table>();
  for (const { key, request } of Object.values(apis)) ours.set(key, request);
  const lines: [key: number, text: string][] = [];
  for (const message of kafka.values()) {
    const { apiKey, listeners, validVersions, latestVersionUnstable } = message;
    if (message.type !== "request" || apiKey === undefined || !listeners?.includes("broker")) {
      continue;
    }
    const [oldest, newest] = rangeOf(validVersions);
    const stable = latestVersionUnstable === true ? newest - 1 : newest;
    const served = ours.get(apiKey)?.versions ?? [0, -1];
    const left = Array.from({ length: stable - oldest + 1 }, (_, index) => oldest + index).filter(
      (version) => version < served[0] || version > served[1],
    );
    const name = message.name.replace(/Request$/, "");
    if (left.length > 0) lines.push([apiKey, `MISSING ${apiKey} ${name} ${left.join(", ")}`]);
  }
  return lines.sort(([a], [b]) => a - b).map(([, text]) => text);
}

function compare(table: Table, message: KafkaMessage | undefined): string[] {
  if (message === undefined) return [`${table.name}: Kafka has no such message`];
  const [oldest, newest] = rangeOf(message.validVersions);
  const differences: string[] = [];
  for (let version = table.versions[0]; version <= table.versions[1]; version++) {
    const name = `${table.name} v${version}`;
    if (version < oldest || version > newest) {
      differences.push(`${name}: Kafka has only ${message.validVersions}`);
      continue;
    }
    const layout = new Layout(table, version);
    const flexible = includes(message.flexibleVersions, version);
    if (layout.flexible !== flexible) differences.push(`${name}: flexible is ${flexible} in Kafka`);
    const ours = ourLines(layout, table.shape, "");
    const theirs = kafkaLines(message, message.fields, version, "");
    for (let at = 0; at < Math.max(ours.length, theirs.length); at++) {
      if (ours[at] === theirs[at]) continue;
      differences.push(`${name}: ${ours[at] ?? "nothing"}`, `  Kafka: ${theirs[at] ?? "nothing"}`);
    }
  }
  return differences;
}

/** One line for each column, in wire order; tagged ones come last, by tag. */
function ourLines(layout: Layout, shape: Shape, path: string): string[] {
  return [...layout.placed(shape), ...layout.tagged(shape)].flatMap((field) => {
    const at = `${path}${field.name}`;
    const type = ourType(field.content);
    const fallback = valueText(field.fallback);
    const rules = rulesText(field.nullable, field.tag, field.inflexible, fallback);
    let inner = field.content;
    while (inner.kind === "list") inner = inner.element;
    const nested = inner.kind === "struct" ? ourLines(layout, inner.shape, `${at}.`) : [];
    return [`${at}: ${type}${rules}`, ...nested];
  });
}

function ourType(content: Content): string {
  if (content.kind === "list") return `[]${ourType(content.element)}`;
  if (content.kind === "struct") return "struct";
  const renamed: Readonly<Record<string, string>> = { roundedInt64: "int64", batches: "records" };
  return renamed[content.type] ?? content.type;
}

/** The same of Kafka's definition. */
function kafkaLines(
  message: KafkaMessage,
  fields: readonly KafkaField[],
  version: number,
  path: string,
): string[] {
  const carried = fields.filter((field) => includes(field.versions, version));
  const tagOf = (field: KafkaField): number =>
    includes(field.taggedVersions ?? "none", version) ? (field.tag ?? -1) : -1;
  carried.sort((a, b) => tagOf(a) - tagOf(b));
  return carried.flatMap((field) => {
    const isList = field.type.startsWith("[]");
    const element = isList ? field.type.slice(2) : field.type;
    const shared = message.commonStructs?.find(({ name }) => name === element);
    const nested = field.fields ?? shared?.fields;
    const type = `${isList ? "[]" : ""}${nested === undefined ? element : "struct"}`;
    const nullable = includes(field.nullableVersions ?? "none", version);
    const rules = rulesText(
      nullable,
      tagOf(field),
      field.flexibleVersions === "none",
      kafkaDefault(type, field.default),
    );
    const at = `${path}${camelCase(field.name)}`;
    const lines = kafkaLines(message, nested ?? [], version, `${at}.`);
    return [`${at}: ${type}${rules}`, ...lines];
  });
}

function rulesText(nullable: boolean, tag: number, inflexible: boolean, fallback: string): string {
  const tagText = tag < 0 ? "" : ` tag ${tag}`;
  return `${nullable ? " nullable" : ""}${tagText}${inflexible ? " inflexible" : ""} = ${fallback}`;
}

function kafkaDefault(type: string, given: string | number | undefined): string {
  if (given === "null") return "null";
  if (type.startsWith("[]") || ["struct", "bytes", "records"].includes(type)) return "empty";
  if (type === "string") return JSON.stringify(given ?? "");
  if (type === "uuid") return JSON.stringify(noUuid);
  if (type === "bool") return String(given ?? "false");
  return String(Number(given ?? 0));
}

function valueText(value: unknown): string {
  return value !== null && typeof value === "object" ? "empty" : JSON.stringify(value);
}

const camelCase = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);

function rangeOf(versions: string): [oldest: number, newest: number] {
  if (versions === "none") return [Infinity, -Infinity];
  if (versions.endsWith("+")) return [Number.parseInt(versions, 10), Infinity];
  const [oldest = NaN, newest = oldest] = versions.split("-").map(Number);
  return [oldest, newest];
}

function includes(versions: string, version: number): boolean {
  const [oldest, newest] = rangeOf(versions);
  return version >= oldest && version <= newest;
}
