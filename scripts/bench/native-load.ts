/** Load through the native protocol. Every reply is checked: a figure counts only OKs. */
import { encodeFrame } from "../../src/native/frame.ts";

/** How many bytes of frames are offered to the socket at a time. */
const blockBytes = 256 * 1024;

const text = new TextEncoder();

/** A frame without a key. */
export function frameOf(valueBytes: number): Uint8Array {
  return encodeFrame({
    timestamp: 1_754_705_528_480,
    nanoseconds: 0,
    topic: text.encode("bench"),
    key: new Uint8Array(0),
    value: new Uint8Array(valueBytes).fill(0x78),
  });
}

/** Sends `count` frames as fast as the broker takes them; answers the seconds until the last OK. */
export async function sendStream(port: number, frame: Uint8Array, count: number): Promise<number> {
  const framesABlock = Math.max(1, Math.floor(blockBytes / frame.length));
  const block = new Uint8Array(framesABlock * frame.length);
  for (let i = 0; i < framesABlock; i++) block.set(frame, i * frame.length);
  const totalBytes = count * frame.length;
  let sentBytes = 0;
  const begun = performance.now();
  await converse(port, count, (socket) => {
    while (sentBytes < totalBytes) {
      const from = sentBytes % block.length;
      const length = Math.min(block.length - from, totalBytes - sentBytes);
      const taken = socket.write(block, from, length);
      if (taken <= 0) return;
      sentBytes += taken;
    }
  });
  return (performance.now() - begun) / 1000;
}

/** Sends a frame, waits for its OK, sends the next; answers each round trip in microseconds. */
export async function sendOneByOne(
  port: number,
  frame: Uint8Array,
  count: number,
): Promise<number[]> {
  const times: number[] = [];
  let begun = 0;
  const sendNext = (socket: Bun.Socket): void => {
    begun = performance.now();
    socket.write(frame, 0, frame.length);
  };
  await converse(port, count, sendNext, (socket, answered) => {
    times.push((performance.now() - begun) * 1000);
    if (answered < count) sendNext(socket);
  });
  return times;
}

/** One connection: `write` when there is room, `answer` for each reply, done after `count` OKs. */
function converse(
  port: number,
  count: number,
  write: (socket: Bun.Socket) => void,
  answer?: (socket: Bun.Socket, answered: number) => void,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const reply = text.encode("OK\n");
  let received = 0;
  const take = (socket: Bun.Socket, chunk: Uint8Array): void => {
    for (const byte of chunk) {
      if (byte !== reply[received % 3]) return reject(new Error("a reply was not OK"));
      received += 1;
      if (received % 3 === 0) answer?.(socket, received / 3);
    }
    if (received < count * 3) return;
    resolve();
    socket.end();
  };
  Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: {
      binaryType: "uint8array",
      open: write,
      drain: answer ? () => {} : write,
      data: take,
      close: () => reject(new Error("the connection was closed")),
    },
  }).catch(reject);
  return promise;
}
