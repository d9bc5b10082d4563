/** Directories as the original Obelisk left them, for tests. */
import type { Disk } from "../../src/disk/disk.ts";
import { encodeFrame } from "../../src/native/frame.ts";
import { textBytes } from "./hex.ts";

/** What {@link writeOriginal} makes. */
export interface OriginalShape {
  readonly topic: string;
  /** Left out: the flat layout. */
  readonly partition?: number;
  readonly messages: readonly OriginalMessageShape[];
  /** Where the topics go. */
  readonly topics?: string;
}

export interface OriginalMessageShape {
  readonly key?: string;
  readonly value: string;
  /** Milliseconds, and nanoseconds beyond them. */
  readonly timestamp?: number;
  readonly nanoseconds?: number;
}

/** Where the files are and where each frame begins; the last position is the end. */
export interface WrittenOriginal {
  readonly logPath: string;
  readonly indexPath: string;
  readonly positions: readonly number[];
}

/** Messages whose content tells which they are: keys `k<n>`, values `v<n>` padded. */
export const messagesOf = (count: number, valueBytes = 10): OriginalMessageShape[] =>
  Array.from({ length: count }, (_, n) => ({
    key: `k${n}`,
    value: `v${n}`.padEnd(valueBytes, "."),
    timestamp: 1_754_705_528_480 + n,
    nanoseconds: n,
  }));

/** Writes one log with its index. */
export async function writeOriginal(disk: Disk, shape: OriginalShape): Promise<WrittenOriginal> {
  const { topic, partition, topics = "topics" } = shape;
  const directory = partition === undefined ? topics : `${topics}/${topic}`;
  const stem = `${directory}/${partition === undefined ? topic : `partition-${partition}`}`;
  await disk.makeDirectory(directory);
  const frames = shape.messages.map((message) => frameOf(topic, message));
  const positions = [0];
  for (const frame of frames) positions.push((positions.at(-1) ?? 0) + frame.length);
  await disk.writeWhole(`${stem}.log`, Buffer.concat(frames));
  await disk.writeWhole(`${stem}.idx`, indexOf(positions.slice(0, -1)));
  return { logPath: `${stem}.log`, indexPath: `${stem}.idx`, positions };
}

/** The frame of one message. */
export function frameOf(topic: string, message: OriginalMessageShape): Uint8Array {
  return encodeFrame({
    timestamp: message.timestamp ?? 1_754_705_528_480,
    nanoseconds: message.nanoseconds ?? 0,
    topic: textBytes(topic),
    key: textBytes(message.key ?? ""),
    value: textBytes(message.value),
  });
}

/** An `.idx` file of these positions. */
export function indexOf(positions: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(positions.length * 8);
  const view = new DataView(bytes.buffer);
  positions.forEach((position, n) => view.setBigInt64(n * 8, BigInt(position), true));
  return bytes;
}
