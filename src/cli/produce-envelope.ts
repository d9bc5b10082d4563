/**
 * Records that come as JSON, one object a line, as `consume` and `read` print them: kcat's envelope
 * (`-J`) or `--format json`. What is not UTF-8 is base64 there, and says so; so a topic that goes
 * through both is the same afterwards, byte for byte, its offsets aside.
 *
 *     "topic"      string; --topic goes before it
 *     "partition"  number; --partition goes before it
 *     "key"        string, or null; "keyEncoding": "base64"
 *     "payload"    string, or null; "payloadEncoding"; or else "value", "valueEncoding"
 *     "headers"    ["name","value",…], "headersEncoding": "base64" for all values of a record;
 *                  or [{"key":"name","value":"value"},…], "valueEncoding"; a value may be null
 *     "ts"         milliseconds since 1970, "tsNanoseconds" beyond them; or else "timestamp", a
 *                  number like that or RFC 3339
 *
 * Whatever else is there has no effect: "offset", "tstype", "broker".
 */
import type { ProducerHeader, ProducerRecord } from "../client/kafka/producer-record.ts";
import { nameFault } from "../log/layout.ts";
import { textOf } from "../reader/text.ts";
import { nanosecondHeader, nanosecondsPerMillisecond } from "../record/nanoseconds.ts";
import type { LineReader, RecordShape } from "./produce-sources.ts";

/** What such lines have in common. */
export interface EnvelopeShape extends Pick<
  RecordShape,
  "headers" | "key" | "timestamp" | "bytesMax" | "tooLarge"
> {
  /** `null`: each line's own. */
  readonly topic: string | null;
  /** `null`: each line's own; -1: the key chooses. */
  readonly partition: number | null;
}

/** Why a line is no record; caught before it leaves this file. */
class Fault extends Error {}

type Fields = Readonly<Record<string, unknown>>;

/** Reads a line as one record. */
export function envelopeReader(shape: EnvelopeShape): LineReader {
  return (bytes) => {
    try {
      const record = recordOf(fieldsOf(bytes), shape);
      const { key, value } = record;
      return (key?.length ?? 0) + (value?.length ?? 0) > shape.bytesMax ? shape.tooLarge : record;
    } catch (error) {
      if (error instanceof Fault) return error.message;
      throw error;
    }
  };
}

function fieldsOf(line: Uint8Array): Fields {
  const text = textOf(line);
  if (text === null) throw new Fault("the line is not UTF-8");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) throw new Fault("the line is no JSON");
    throw error;
  }
  if (!isObject(value)) throw new Fault("the line is no JSON object");
  return value;
}

function recordOf(fields: Fields, shape: EnvelopeShape): ProducerRecord {
  const valueName = "payload" in fields ? "payload" : "value";
  if (!(valueName in fields)) throw new Fault('it has no "payload" and no "value"');
  const partition = shape.partition ?? partitionOf(fields);
  const time = shape.timestamp === null ? timeOf(fields) : { timestamp: shape.timestamp };
  const headers = [...headersOf(fields), ...shape.headers, ...("rest" in time ? time.rest : [])];
  return {
    topic: shape.topic ?? topicOf(fields),
    key: "key" in fields ? bytesOf(fields, "key") : shape.key,
    value: bytesOf(fields, valueName),
    ...(partition < 0 ? {} : { partition }),
    ...(headers.length === 0 ? {} : { headers }),
    ...(time.timestamp === null ? {} : { timestamp: time.timestamp }),
  };
}

function topicOf({ topic }: Fields): string {
  if (typeof topic !== "string") throw new Fault('it has no "topic", and there is no --topic');
  const fault = nameFault(topic);
  if (fault !== null) throw new Fault(`no topic can have the name of its "topic": ${fault}`);
  return topic;
}

function partitionOf({ partition = null }: Fields): number {
  if (partition === null) return -1;
  if (isWhole(partition) && partition <= 0x7fff_ffff) return partition;
  throw new Fault('its "partition" is no number of a partition');
}

/** A text, or what it stands for; `null`: there is none. */
function bytesOf(fields: Fields, name: string, encodingName = `${name}Encoding`) {
  const value = fields[name];
  const encoding = fields[encodingName] ?? null;
  if (encoding !== null && encoding !== "base64") {
    throw new Fault(`its "${encodingName}" is not "base64", the only one there is`);
  }
  if (value === null || value === undefined) return null;
  if (typeof value !== "string") throw new Fault(`its "${name}" is no text and not null`);
  if (encoding === null) return utf8.encode(value);
  try {
    return Uint8Array.fromBase64(value);
  } catch (error) {
    if (error instanceof SyntaxError) throw new Fault(`its "${name}" is no base64`);
    throw error;
  }
}

const utf8 = new TextEncoder();

/** Either names and values in turn, or objects. */
function headersOf(fields: Fields): ProducerHeader[] {
  const given = fields["headers"] ?? [];
  if (!Array.isArray(given)) throw new Fault('its "headers" are no list');
  const list: readonly unknown[] = given;
  if (list.every(isObject)) {
    return list.map((header) => ({ key: nameOf(header["key"]), value: bytesOf(header, "value") }));
  }
  if (list.length % 2 > 0) throw new Fault('its "headers" have a name without a value');
  const headers: ProducerHeader[] = [];
  for (let at = 0; at < list.length; at += 2) {
    const header = { value: list[at + 1], valueEncoding: fields["headersEncoding"] };
    headers.push({ key: nameOf(list[at]), value: bytesOf(header, "value") });
  }
  return headers;
}

function nameOf(name: unknown): string {
  if (typeof name === "string") return name;
  throw new Fault('its "headers" have a name that is no text');
}

/** The time in milliseconds, and the header that keeps the rest. */
interface Time {
  readonly timestamp: number | null;
  readonly rest: readonly ProducerHeader[];
}

function timeOf(fields: Fields): Time {
  const given = fields["ts"] ?? fields["timestamp"] ?? null;
  if (given === null) return { timestamp: null, rest: [] };
  if (typeof given === "string") return parsedTime(given);
  if (!isWhole(given)) throw new Fault("its time is no whole number of milliseconds since 1970");
  const rest = fields["tsNanoseconds"] ?? 0;
  if (isWhole(rest) && rest < nanosecondsPerMillisecond)
    return { timestamp: given, rest: kept(rest) };
  throw new Fault('its "tsNanoseconds" are no number from 0 to 999999');
}

/** RFC 3339 with up to nine digits of a second. */
function parsedTime(text: string): Time {
  const [, second = "", digits = "", zone = ""] =
    /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/i.exec(text) ?? [];
  const nanoseconds = Number(digits.padEnd(9, "0"));
  const milliseconds = Math.floor(nanoseconds / nanosecondsPerMillisecond);
  const timestamp = Date.parse(`${second}${zone}`) + milliseconds;
  if (!(timestamp >= 0))
    throw new Fault('its "timestamp" is no time since 1970 as RFC 3339 has it');
  return { timestamp, rest: kept(nanoseconds % nanosecondsPerMillisecond) };
}

const kept = (rest: number): ProducerHeader[] => (rest === 0 ? [] : [nanosecondHeader(rest)]);

const isObject = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isWhole = (value: unknown): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
