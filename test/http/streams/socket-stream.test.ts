import { expect, test } from "bun:test";
import { HttpError } from "../../../src/http/errors.ts";
import { SocketStream } from "../../../src/http/streams/socket-stream.ts";
import {
  streamPartitionsMax,
  streamStalledMsMax,
  streamUnsentBytesMax,
} from "../../../src/limits.ts";
import { ManualClock } from "../../fake/clock.ts";
import { turns } from "../../support/until.ts";
import { chunkStep, FakeFeed } from "./fake-feed.ts";

/** A socket whose peer takes what the test lets it take. */
function opened() {
  const feed = new FakeFeed();
  const clock = new ManualClock();
  const sent: string[] = [];
  const link = {
    unsentBytes: 0,
    closed: null as number | null,
    isCut: false,
    send: (message: string | Uint8Array) => sent.push(String(message)) > 0,
    close: (code: number) => void (link.closed = code),
    cut: () => void (link.isCut = true),
  };
  const stream = new SocketStream(() => feed, clock);
  stream.open(link);
  return { feed, clock, sent, link, stream };
}

test("acknowledgements that wait for a slow disk are bounded", async () => {
  const { feed, sent, link, stream } = opened();
  feed.committing = new Promise(() => {});
  const position = (from: number, count: number): string =>
    Array.from({ length: count }, (_, at) => `t/${from + at}:1`).join();
  const ack = (from: number, count: number): void => {
    stream.message(JSON.stringify({ type: "ack", position: position(from, count) }));
  };
  ack(0, 1);
  await turns(2);
  ack(0, streamPartitionsMax);
  ack(0, streamPartitionsMax);
  await turns(2);
  expect([link.closed, feed.acknowledged.length]).toEqual([null, 1]);
  ack(streamPartitionsMax, 1);
  expect(link.closed).toBe(1008);
  expect(JSON.parse(sent.at(-1) ?? "")).toMatchObject({ type: "refused", error_code: 400 });
  stream.closed();
});

test("a peer that does not take what it gets is sent nothing more, until it does", async () => {
  const { feed, sent, link, stream, clock } = opened();
  feed.push(chunkStep("a"));
  await turns(2);
  link.unsentBytes = streamUnsentBytesMax + 1;
  feed.push(chunkStep("b"), chunkStep("c"));
  await turns(2);
  expect(sent.slice(1)).toEqual(["a", "b"]);
  clock.advance(streamStalledMsMax - 1);
  link.unsentBytes = 0;
  stream.drained();
  await turns(2);
  expect(sent.slice(1)).toEqual(["a", "b", "c"]);
  clock.advance(streamStalledMsMax);
  expect([link.isCut, clock.pending]).toEqual([false, 0]);
  stream.closed();
});

test("one that takes nothing at all is cut; one that takes little is not", async () => {
  const { feed, link, stream, clock } = opened();
  link.unsentBytes = 2 * streamUnsentBytesMax;
  feed.push(chunkStep("a"));
  await turns(2);
  clock.advance(streamStalledMsMax - 1);
  link.unsentBytes -= 1;
  stream.drained();
  clock.advance(streamStalledMsMax - 1);
  expect(link.isCut).toBe(false);
  clock.advance(1);
  expect(link.isCut).toBe(true);
  stream.closed();
  expect(feed.isClosed).toBe(true);
});

test("acknowledgements that come while one is committed are put together", async () => {
  const { feed, sent, stream } = opened();
  const { promise, resolve } = Promise.withResolvers<null>();
  feed.committing = promise;
  const ack = (position: string) => stream.message(JSON.stringify({ type: "ack", position }));
  for (const position of ["t/0:1", "t/0:2", "t/1:5,0:3"]) ack(position);
  expect(feed.acknowledged).toHaveLength(1);
  resolve(null);
  await turns(2);
  const offsets = feed.acknowledged.map((entries) => entries.map(({ offset }) => offset));
  expect(offsets).toEqual([[1], [3, 5]]);
  expect(sent.slice(1)).toEqual([
    '{"type":"acked","position":"t/0:1"}',
    '{"type":"acked","position":"t/0:3,1:5"}',
  ]);
  stream.closed();
});

test("one that can't be is told of, and the stream goes on", async () => {
  const { feed, sent, stream, link } = opened();
  feed.committing = Promise.resolve(HttpError.of(409, "no"));
  stream.message('{"type":"ack","position":"t/0:1"}');
  await turns(2);
  expect([sent.at(-1), link.closed]).toEqual([
    '{"type":"refused","error_code":409,"message":"no"}',
    null,
  ]);
  stream.closed();
});

test("the end of the broker, of the feed, and a message that is none close it", async () => {
  const stopped = opened();
  stopped.stream.stop();
  expect([stopped.link.closed, stopped.feed.isClosed]).toEqual([1001, true]);
  const ended = opened();
  ended.feed.push({ kind: "ended", error: HttpError.of(404, "gone") });
  await turns(2);
  expect([ended.link.closed, ended.feed.isClosed]).toEqual([1011, true]);
  const closing = opened();
  closing.feed.push({ kind: "closing" });
  await turns(2);
  expect(closing.link.closed).toBe(1001);
  const strange = opened();
  strange.stream.message(new Uint8Array([1]));
  expect([strange.link.closed, strange.feed.isClosed]).toEqual([1008, true]);
});
