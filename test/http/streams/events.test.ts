import { expect, test } from "bun:test";
import { Refusal } from "../../../src/base/refusal.ts";
import { HttpError } from "../../../src/http/errors.ts";
import { eventStream } from "../../../src/http/streams/events.ts";
import type { FeedStep } from "../../../src/http/streams/feed.ts";
import { turns } from "../../support/until.ts";
import { chunkStep, FakeFeed } from "./fake-feed.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** What the stream is, once it has ended. */
async function streamed(...steps: readonly FeedStep[]): Promise<string> {
  const feed = new FakeFeed();
  feed.push(...steps);
  const stream = eventStream(feed, () => () => {});
  const text = await new Response(stream).text();
  expect(feed.isClosed).toBe(true);
  return text;
}

const begin = "retry: 1000\nid: 0:0\n\n";
const end: FeedStep = { kind: "ended", error: null };
const refused = new HttpError(404, 40401, "Topic not found.");

test.each([
  ["nothing", [end], ""],
  ["the broker stops", [{ kind: "closing" }], ""],
  ["chunks, empty ones left out", [chunkStep(bytes("a")), chunkStep(null), end], "a"],
  ["a quiet time", [{ kind: "quiet" }, end], "id: 0:0\n\n"],
  [
    "an assignment",
    [{ kind: "assigned", position: [{ topic: "t", partition: 1, offset: 2 }] }, end],
    'event: assigned\nid: t/1:2\ndata: {"partitions":' +
      '[{"topic_name":"t","partition_id":1,"offset":2}]}\n\n',
  ],
  [
    "a reason",
    [{ kind: "ended", error: refused }],
    'event: refused\ndata: {"error_code":40401,"message":"Topic not found."}\n\n',
  ],
  [
    "a refusal",
    [{ kind: "refused", refusal: new Refusal("CORRUPT_MESSAGE", "x") }],
    'event: refused\ndata: {"error_code":50002,"message":"x"}\n\n',
  ],
] satisfies [string, FeedStep[], string][])("%s", async (_, steps, expected) => {
  expect(await streamed(...steps)).toBe(begin + expected);
});

test("without a position there is no id to come back with", async () => {
  const feed = new FakeFeed();
  feed.position = "";
  feed.push(end);
  expect(await new Response(eventStream(feed, () => () => {})).text()).toBe("retry: 1000\n:\n\n");
});

test("nothing is asked of the feed before it is read, and no more than is read", async () => {
  const feed = new FakeFeed();
  feed.push(chunkStep(bytes("a")), chunkStep(bytes("b")), chunkStep(bytes("c")));
  const reader = eventStream(feed, () => () => {}).getReader();
  await turns(3);
  expect(feed.asked).toBe(0);
  await reader.read();
  await reader.read();
  await turns(3);
  expect(feed.asked).toBe(1);
  await reader.cancel();
  expect(feed.isClosed).toBe(true);
});

test("when the peer has gone or the door closes, the feed is closed", async () => {
  const feed = new FakeFeed();
  let cancel = (): void => {};
  let isForgotten = false;
  const stream = eventStream(feed, (given) => {
    cancel = given;
    return () => (isForgotten = true);
  });
  const text = new Response(stream).text();
  cancel();
  expect([await text, feed.isClosed, isForgotten]).toEqual([begin, true, true]);
});
