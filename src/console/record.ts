/** A record as the page holds it: bytes, and the ways to show them. Pure. */
import type { NewRecord, WireRecord } from "./api.ts";

/** See the head of this file. */
export interface RecordView {
  readonly partition: number;
  readonly offset: number;
  /** Milliseconds since 1970; -1: none. */
  readonly timestamp: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly { readonly name: string; readonly value: Uint8Array | null }[];
}

export const viewOf = (record: WireRecord): RecordView => ({
  partition: record.partition_id,
  offset: record.offset,
  timestamp: record.timestamp_ms,
  key: record.key && fromBase64(record.key.data),
  value: record.value && fromBase64(record.value.data),
  headers: record.headers.map(({ name, value }) => {
    return { name, value: value === null ? null : fromBase64(value) };
  }),
});

function fromBase64(text: string): Uint8Array {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at);
  return bytes;
}

/** Any size: a call can't have more arguments than fit a stack. */
export function toBase64(bytes: Uint8Array): string {
  let binary = "";
  for (let at = 0; at < bytes.length; at += 8_192) {
    binary += String.fromCharCode(...bytes.subarray(at, at + 8_192));
  }
  return btoa(binary);
}

const utf8 = new TextEncoder();
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export const bytesOf = (text: string): Uint8Array => utf8.encode(text);

/** UTF-8 text without control characters; `null`: it is none. */
export function textIn(bytes: Uint8Array): string | null {
  try {
    const text = strict.decode(bytes);
    return controls.test(text) ? null : text;
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

const controls = /[^\P{Cc}\t\n\r]/u;

/** Text whatever it is: what is none is shown as a replacement. */
export const anyText = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** What of a value is shown in a row. */
const previewBytes = 240;

/** One line of it, and whether it is text. */
export function preview(bytes: Uint8Array): { readonly words: string; readonly isText: boolean } {
  // What is cut in the middle of a character is text all the same.
  const head = bytes.subarray(0, previewBytes);
  const text = textIn(head) ?? (bytes.length > previewBytes ? textIn(uncut(head)) : null);
  if (text !== null) return { words: text.replaceAll(/\s+/g, " "), isText: true };
  return { words: hexOf(bytes.subarray(0, 32)), isText: false };
}

function uncut(bytes: Uint8Array): Uint8Array {
  let end = bytes.length;
  while (end > 0 && ((bytes[end - 1] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.subarray(0, Math.max(0, end - 1));
}

const hexOf = (bytes: Uint8Array): string => [...bytes].map((each) => hex(each)).join(" ");
const hex = (byte: number): string => byte.toString(16).padStart(2, "0");

/** 16 bytes a line: where, in hex, and as characters. */
export function hexDump(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const row = bytes.subarray(at, at + 16);
    const cells = Array.from({ length: 16 }, (_, index) => {
      const byte = row[index];
      const cell = byte === undefined ? "  " : hex(byte);
      return index === 8 ? ` ${cell}` : cell;
    });
    const characters = [...row].map((byte) => {
      return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·";
    });
    lines.push(`${at.toString(16).padStart(6, "0")}  ${cells.join(" ")}  ${characters.join("")}`);
  }
  return lines.join("\n");
}

/** The same record, to be stored once more. */
export function again(record: RecordView, keepsTime: boolean): NewRecord {
  const data = (bytes: Uint8Array | null): NewRecord["key"] =>
    bytes === null ? null : { type: "BINARY", data: toBase64(bytes) };
  return {
    key: data(record.key),
    value: data(record.value),
    headers: record.headers.map(({ name, value }) => {
      return { name, value: value === null ? null : toBase64(value) };
    }),
    ...(keepsTime && record.timestamp >= 0 && { timestamp: record.timestamp }),
  };
}
