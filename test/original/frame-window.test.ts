import { expect, test } from "bun:test";
import { FrameWindow } from "../../src/original/frame-window.ts";
import { MemoryDisk } from "../fake/disk.ts";
import { textBytes } from "../support/hex.ts";
import { frameOf } from "../support/original.ts";

async function windowOn(bytes: Uint8Array, topic = "orders"): Promise<FrameWindow> {
  const disk = new MemoryDisk();
  await disk.writeWhole("log", bytes);
  return new FrameWindow(await disk.open("log", "read"), bytes.length, textBytes(topic));
}

const frame = frameOf("orders", { key: "k", value: "hello" });

test("a whole frame is one, wherever it lies, and what is not one has its reason", async () => {
  const absurd = new Uint8Array(8).fill(0xff);
  const unparsable = frame.slice();
  unparsable[12] = 99;
  const window = await windowOn(Buffer.concat([frame, unparsable, absurd, frame.subarray(0, 20)]));
  const at = [0, frame.length, 2 * frame.length, 2 * frame.length + 8];
  const faults = [];
  for (const position of at) faults.push(await window.check(position));
  expect(faults).toEqual([null, "format", "length", "truncated"]);
});

test("a frame larger than the window is seen as a whole", async () => {
  const large = frameOf("orders", { value: "x".repeat(3 * 1024 * 1024) });
  const window = await windowOn(Buffer.concat([large, large]));
  expect(await window.check(large.length)).toBeNull();
  expect(window.payloadAt(large.length - window.position)).not.toBeNull();
  expect(await window.check(0)).toBeNull();
});

test("a file that is shorter than it was said to be ends where it ends", async () => {
  const window = await windowOn(frame);
  window.end = 1000;
  expect(await window.check(frame.length)).toBe("truncated");
  expect(window.end).toBe(frame.length);
});

test("only a frame of the log's own topic is its own", async () => {
  const window = await windowOn(frame, "payments");
  expect(await window.check(0)).toBeNull();
  expect(await window.isOwn(0)).toBeFalse();
  expect(await (await windowOn(frame)).isOwn(0)).toBeTrue();
});

test("a candidate is where the lengths and the topic fit, over the end of a window", async () => {
  const noise = new Uint8Array(1024 * 1024 + 100).fill(6);
  const window = await windowOn(Buffer.concat([noise, frame]));
  let from = 0;
  for (;;) {
    const { next, isCandidate } = await window.candidate(from);
    if (isCandidate) {
      expect(next).toBe(noise.length);
      break;
    }
    expect(next).toBeGreaterThan(from);
    from = next;
  }
});
