/**
 * kcat's two ways to print a record: a format of the user's (`-f`), and its JSON envelope (`-J`).
 *
 *     %t topic      %k key, %K its bytes      %T milliseconds since 1970
 *     %p partition  %s value, %S its bytes    %h headers, as name=value,name=value
 *     %o offset     %R bytes of the value as a big-endian int32            %% a percent sign
 *
 * Key and value are written as they are; where there is none, nothing (with -Z, NULL), and a length
 * of -1.
 * `\n`, `\r`, `\t`, `\x41` and `\101` are characters. Source: kcat's manual, "-f <fmt>".
 */
import { quoted } from "../base/printable.ts";
import { nanosecondsOf } from "../record/nanoseconds.ts";
import type { BatchRecord, RecordHeader } from "../record/records.ts";
import { headersOf, textOf } from "../reader/text.ts";
import { defineOption, type Option } from "./option.ts";

/** Where a record comes from. */
export interface RecordPlace {
  readonly topic: string;
  readonly partition: number;
}

/** Bytes of one part of a format. @param none stands for a key or a value that is not there */
type Part = (place: RecordPlace, record: BatchRecord, none: Uint8Array) => Uint8Array;

/** A format that was read. */
export type Template = readonly Part[];

const utf8 = new TextEncoder();
const nothing = new Uint8Array(0);
const nullWord = utf8.encode("NULL");

const textPart =
  (text: (place: RecordPlace, record: BatchRecord) => string | number): Part =>
  (place, record) =>
    utf8.encode(String(text(place, record)));

const lengthOf = (bytes: Uint8Array | null): number => bytes?.length ?? -1;

const parts: Readonly<Record<string, Part>> = {
  t: textPart(({ topic }) => topic),
  p: textPart(({ partition }) => partition),
  o: textPart((_place, { offset }) => offset),
  k: (_place, { key }, none) => key ?? none,
  K: textPart((_place, { key }) => lengthOf(key)),
  s: (_place, { value }, none) => value ?? none,
  S: textPart((_place, { value }) => lengthOf(value)),
  R: (_place, { value }) => int32(lengthOf(value)),
  T: textPart((_place, { timestamp }) => timestamp),
  h: (_place, record) => headerList(record),
  "%": () => utf8.encode("%"),
};

function int32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, value);
  return bytes;
}

function headerList(record: BatchRecord): Uint8Array {
  const list = headersOf(record).map(({ key, value }, at) =>
    Buffer.concat([utf8.encode(`${at === 0 ? "" : ","}${key}=`), value ?? nullWord]),
  );
  return Buffer.concat(list);
}

/** `undefined`: a percent sign stands before nothing that is known. */
function parseTemplate(given: string): Template | undefined {
  const template: Part[] = [];
  for (const [token, letter] of given.matchAll(/%([^]?)|[^%]+/g)) {
    if (letter === undefined) {
      const bytes = unescape(token);
      template.push(() => bytes);
      continue;
    }
    const part = Object.hasOwn(parts, letter) ? parts[letter] : undefined;
    if (part === undefined) return undefined;
    template.push(part);
  }
  return template.length === 0 ? undefined : template;
}

const characters: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };

/** A number is one byte, which need not be a character of its own. */
function unescape(text: string): Uint8Array {
  const pieces: Uint8Array[] = [];
  for (const [whole, hex, octal, letter] of text.matchAll(
    /\\x([\da-f]{1,2})|\\([0-7]{1,3})|\\([^])|[^\\]+|\\/gi,
  )) {
    if (hex !== undefined) pieces.push(Uint8Array.of(parseInt(hex, 16)));
    else if (octal !== undefined) pieces.push(Uint8Array.of(parseInt(octal, 8) & 0xff));
    else pieces.push(utf8.encode(letter === undefined ? whole : (characters[letter] ?? letter)));
  }
  return Buffer.concat(pieces);
}

/** `-f`. */
export const templateOption: Option<Template | null> = defineOption<Template, null>(
  {
    placeholder: "<format>",
    expected: `a text with ${Object.keys(parts)
      .map((letter) => `%${letter}`)
      .join(" ")}`,
    range: Object.keys(parts)
      .map((letter) => `%${letter}`)
      .join(" "),
    parse: parseTemplate,
    show: () => "",
  },
  {
    default: null,
    short: "f",
    help: "Print records like this, as kcat does; the line break, \\n, must be said",
  },
);

/** A record as the format says. @param nulls whether NULL stands for what is not there */
export function templateBytes(
  template: Template,
  place: RecordPlace,
  record: BatchRecord,
  nulls: boolean,
): Uint8Array {
  const none = nulls ? nullWord : nothing;
  return Buffer.concat(template.map((part) => part(place, record, none)));
}

/** Beyond what its record says of itself. */
export interface EnvelopeFacts {
  /** The timestamp is the broker's, not the producer's. */
  readonly isAppendTime: boolean;
}

/**
 * kcat's envelope on one line. Key and payload that are not UTF-8, which kcat writes as they are
 * and no JSON parser takes, are base64, and `keyEncoding` or `payloadEncoding` says so. If the
 * value of one header is not, those of all are base64, and `headersEncoding` says so. Nanoseconds
 * beyond `ts` are `tsNanoseconds`. `produce-envelope.ts` reads all that.
 */
export function envelopeLine(
  place: RecordPlace,
  record: BatchRecord,
  { isAppendTime }: EnvelopeFacts,
): string {
  const { offset, timestamp } = record;
  const nanoseconds = nanosecondsOf(record);
  const fields = [
    `"topic":${json(place.topic)}`,
    `"partition":${place.partition}`,
    `"offset":${offset}`,
    ...(timestamp === -1 ? [] : [`"tstype":"${isAppendTime ? "logappend" : "create"}"`]),
    ...(timestamp === -1 ? [] : [`"ts":${timestamp}`]),
    ...(timestamp === -1 || nanoseconds === 0 ? [] : [`"tsNanoseconds":${nanoseconds}`]),
    // Who sent a record is a broker's number, and this one comes from a file.
    `"broker":-1`,
    ...headersFields(headersOf(record)),
    ...bytesFields("key", record.key),
    ...bytesFields("payload", record.value),
  ];
  return `{${fields.join(",")}}`;
}

function headersFields(headers: readonly RecordHeader[]): string[] {
  if (headers.length === 0) return [];
  const texts = headers.map(({ value }) => (value === null ? "" : textOf(value)));
  const isText = texts.every((text) => text !== null);
  const list = headers.flatMap(({ key, value }, at) => [
    json(key),
    value === null ? "null" : json(isText ? (texts[at] ?? "") : value.toBase64()),
  ]);
  return [`"headers":[${list.join(",")}]`, ...(isText ? [] : [`"headersEncoding":"base64"`])];
}

const json = (text: string): string => quoted(text, Infinity);

function bytesFields(name: string, bytes: Uint8Array | null): string[] {
  if (bytes === null) return [`"${name}":null`];
  const text = textOf(bytes);
  if (text !== null) return [`"${name}":${json(text)}`];
  return [`"${name}":"${bytes.toBase64()}"`, `"${name}Encoding":"base64"`];
}
