import { expect, test } from "bun:test";
import { offset } from "../../../src/base/brands.ts";
import { ChunkWriter, eventText, messageText } from "../../../src/http/streams/chunk.ts";

const record = (at: number) => ({
  offset: offset(at),
  timestamp: 0,
  key: null,
  value: Buffer.from(`"v${at}\n"`),
  headers: [],
});

const from = [
  { topic: "t", partition: 0, offset: 5 },
  { topic: "t", partition: 1, offset: 7 },
];

test("events have the position behind them as id, and stand on one line each", () => {
  const writer = new ChunkWriter({ form: "events", showing: "string", topic: "t" }, from);
  writer.record(0, record(5));
  writer.skip(1, 7, 9);
  writer.record(1, record(9));
  writer.passed(1, 12);
  const { data, next, count } = writer.done();
  const text = new TextDecoder().decode(data as Uint8Array);
  expect(
    text.split("\n\n").map((event) => event.split("\n").map((line) => line.slice(0, 40))),
  ).toEqual([
    ["id: 0:6,1:7", 'data: {"partition_id":0,"offset":5,"time'],
    ["event: skipped", "id: 0:6,1:9", 'data: {"partition_id":1,"from":7,"to":9}'],
    ["id: 0:6,1:10", 'data: {"partition_id":1,"offset":9,"time'],
    [""],
  ]);
  expect([next.map((entry) => entry.offset), count]).toEqual([[6, 12], 2]);
});

test("a message has all records, and the position behind the last", () => {
  const writer = new ChunkWriter({ form: "socket", showing: "binary", topic: null }, from);
  writer.record(0, record(5));
  writer.skip(1, 7, 9);
  expect(JSON.parse(writer.done().data as string)).toMatchObject({
    type: "records",
    position: "t/0:6,1:9",
    skipped: [{ topic_name: "t", partition_id: 1, from: 7, to: 9 }],
    records: [{ topic_name: "t", partition_id: 0, offset: 5, value: { type: "BINARY" } }],
  });
});

test("where there is nothing to show there is nothing to send, but progress", () => {
  const writer = new ChunkWriter({ form: "events", showing: "json", topic: "t" }, from);
  writer.passed(0, 6);
  expect(writer.done()).toMatchObject({ data: null, count: 0, next: [{ offset: 6 }, from[1]] });
});

test("an event and a message, as they are written", () => {
  expect(eventText("a", "0:1", "{}")).toBe("event: a\nid: 0:1\ndata: {}\n\n");
  expect(eventText(null, "0:1", "{}")).toBe("id: 0:1\ndata: {}\n\n");
  expect(messageText("quiet", { position: "0:1" })).toBe('{"type":"quiet","position":"0:1"}');
});
