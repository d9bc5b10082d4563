/** What a reader comes upon, as lines: text for people, JSON for programs. No line break inside. */
import { printable, quoted } from "../base/printable.ts";
import type { BatchRecord } from "../record/records.ts";
import type { FoundPartition } from "./directory.ts";
import type { Damage, ReadItem, RecordsItem } from "./item.ts";
import { headersOf, shown, textOf, timeOf } from "./text.ts";

/** Everything but records: what a reader tells beside them. */
export type Remark = Exclude<ReadItem, RecordsItem>;

/** Where a record comes from. */
type Place = Pick<FoundPartition, "topic" | "partition">;

const place = ({ topic, partition }: Place): string => `${printable(topic, Infinity)}/${partition}`;

/** Six columns between tabs: topic/partition, offset, time, key, value, headers. */
export function textLine(found: Place, record: BatchRecord): string {
  const headers = headersOf(record)
    .map(({ key, value }) => `${printable(key, Infinity)}=${shown(value)}`)
    .join(" ");
  const columns = [
    place(found),
    record.offset,
    timeOf(record),
    shown(record.key),
    shown(record.value),
  ];
  if (headers !== "") columns.push(headers);
  return columns.join("\t");
}

/**
 * One JSON object: `topic`, `partition`, `offset`, `timestamp`, `key`, `value`, `headers`. What is
 * not UTF-8 is base64, and `keyEncoding` or `valueEncoding` says so; what is not there is null.
 */
export function jsonLine(found: Place, record: BatchRecord): string {
  const time = record.timestamp === -1 ? "null" : `"${timeOf(record)}"`;
  const headers = headersOf(record).map(
    ({ key, value }) => `{"key":${json(key)},${bytesField("value", value)}}`,
  );
  const fields = [
    ...placeFields(found),
    `"offset":${record.offset}`,
    `"timestamp":${time}`,
    bytesField("key", record.key),
    bytesField("value", record.value),
    `"headers":[${headers.join(",")}]`,
  ];
  return `{${fields.join(",")}}`;
}

/** A remark in a sentence. */
export function remarkText(remark: Remark): string {
  const where = remark.found === null ? "" : `${place(remark.found)}: `;
  if (remark.kind === "damage") return where + damageText(remark.damage);
  if (remark.kind === "trimmed") {
    return `${where}deleted: ${range("offset", remark.fromOffset, remark.toOffset)}`;
  }
  if (remark.kind === "replaced") {
    return `${where}the topic was deleted and created again; reading goes on at its start`;
  }
  return `${where}${printable(remark.refusal.message, Infinity)}`;
}

/** A remark as a JSON object, `kind` first, that no record's line can be taken for. */
export function remarkJson(remark: Remark): string {
  const fields = [`"kind":"${remark.kind}"`];
  if (remark.found !== null) fields.push(...placeFields(remark.found));
  if (remark.kind === "damage") {
    const { fault, path, fromOffset, toOffset, fromPosition, toPosition } = remark.damage;
    fields.push(
      `"fault":"${fault}"`,
      `"fromOffset":${fromOffset}`,
      `"toOffset":${toOffset}`,
      `"path":${json(path)}`,
      `"fromPosition":${fromPosition}`,
      `"toPosition":${toPosition}`,
    );
  } else if (remark.kind === "trimmed") {
    fields.push(`"fromOffset":${remark.fromOffset}`, `"toOffset":${remark.toOffset}`);
  } else if (remark.kind === "stopped") {
    fields.push(`"code":"${remark.refusal.code}"`, `"message":${json(remark.refusal.message)}`);
  }
  return `{${fields.join(",")}}`;
}

/** Damage in words: why, which offsets, which bytes. */
export function damageText(damage: Damage): string {
  const { fault, path, fromPosition, toPosition, fromOffset, toOffset } = damage;
  const bytes = toPosition > fromPosition ? `${range("byte", fromPosition, toPosition)} of ` : "";
  const where = `${bytes}${printable(path, Infinity)}`;
  if (toOffset <= fromOffset) return `no records (${fault}): ${where}`;
  const what = fault === "missing" ? "missing" : `can't be read (${fault})`;
  return `${what}: ${range("offset", fromOffset, toOffset)}, ${where}`;
}

/** From an inclusive to an exclusive end, as people count. */
const range = (noun: string, from: number, to: number): string =>
  to - from === 1 ? `${noun} ${from}` : `${noun}s ${from} to ${to - 1}`;

const json = (text: string): string => quoted(text, Infinity);

const placeFields = ({ topic, partition }: Place): string[] => [
  `"topic":${json(topic)}`,
  `"partition":${partition}`,
];

function bytesField(name: string, bytes: Uint8Array | null): string {
  if (bytes === null) return `"${name}":null`;
  const text = textOf(bytes);
  if (text !== null) return `"${name}":${json(text)}`;
  return `"${name}":"${bytes.toBase64()}","${name}Encoding":"base64"`;
}
