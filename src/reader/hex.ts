/**
 * A batch as hexadecimal: its header with every field named, then all its bytes, sixteen a line,
 * beside their position in the file.
 */
import { isoTime } from "../base/iso-time.ts";
import {
  attribute,
  batchPrefixBytes,
  compressionOf,
  readHeader,
  viewOf,
  type BatchHeader,
} from "../record/batch.ts";
import type { BatchPlace } from "./item.ts";

const rowBytes = 16;

/** The lines of one batch, made one after another: a batch may have hundreds of thousands. */
export function* hexLines(batch: BatchPlace): Generator<string, void, undefined> {
  const { path, position, bytes } = batch;
  const header = readHeader(viewOf(bytes), 0);
  const offsets = `${header.baseOffset} to ${header.baseOffset + header.lastOffsetDelta}`;
  yield `# ${path}, position ${position}, ${bytes.length} bytes, offsets ${offsets}`;
  for (const [name, value] of fieldsOf(header)) yield `# ${name.padEnd(nameColumns)}${value}`;
  for (let at = 0; at < bytes.length; at += rowBytes) {
    yield row(position + at, bytes.subarray(at, at + rowBytes));
  }
}

/** Wide enough for the longest name and two blanks. */
const nameColumns = "partitionLeaderEpoch".length + 2;

function fieldsOf(header: BatchHeader): [name: string, value: string | number][] {
  return [
    ["baseOffset", header.baseOffset],
    ["batchLength", header.bytes - batchPrefixBytes],
    ["partitionLeaderEpoch", header.partitionLeaderEpoch],
    ["magic", header.magic],
    ["crc", `0x${header.crc.toString(16).padStart(8, "0")}`],
    ["attributes", attributesText(header.attributes)],
    ["lastOffsetDelta", header.lastOffsetDelta],
    ["baseTimestamp", timeText(header.baseTimestamp)],
    ["maxTimestamp", timeText(header.maxTimestamp)],
    ["producerId", header.producerId],
    ["producerEpoch", header.producerEpoch],
    ["baseSequence", header.baseSequence],
    ["recordsCount", header.recordsCount],
  ];
}

function attributesText(attributes: number): string {
  const words = [`compression ${compressionOf(attributes) ?? "unknown"}`];
  if ((attributes & attribute.logAppendTime) !== 0) words.push("log append time");
  if ((attributes & attribute.transactional) !== 0) words.push("transactional");
  if ((attributes & attribute.control) !== 0) words.push("control");
  return `0x${(attributes & 0xffff).toString(16).padStart(4, "0")} ${words.join(", ")}`;
}

const timeText = (timestamp: number): string =>
  timestamp === -1 ? "-1" : `${timestamp} ${isoTime(timestamp)}`;

/** `00000010  00 01 …  02 03 …  |..ab|`: the position is hexadecimal, too. */
function row(position: number, bytes: Uint8Array): string {
  let digits = "";
  let text = "";
  for (let at = 0; at < rowBytes; at++) {
    const byte = bytes[at];
    if (at % 8 === 0) digits += " ";
    digits += byte === undefined ? "   " : ` ${byte.toString(16).padStart(2, "0")}`;
    if (byte === undefined) continue;
    text += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".";
  }
  return `${position.toString(16).padStart(8, "0")}${digits}  |${text}|`;
}
