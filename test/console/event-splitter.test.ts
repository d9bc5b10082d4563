/** Server-sent events, whole or in parts, as a live stream has them. */
import { expect, test } from "bun:test";
import { EventSplitter } from "../../src/console/event-splitter.ts";

const stream =
  'retry: 1000\nid: 0:0\n\nid: 0:1\ndata: {"offset":0}\n\n' +
  'event: skipped\nid: 0:9\ndata: {"from":1,"to":9}\n\nid: 0:9\n\n';

const events = [
  { name: "", id: "0:0", data: "" },
  { name: "", id: "0:1", data: '{"offset":0}' },
  { name: "skipped", id: "0:9", data: '{"from":1,"to":9}' },
  { name: "", id: "0:9", data: "" },
];

test("events are found, with and without data or a name", () => {
  expect(new EventSplitter().take(stream)).toEqual(events);
});

test("it does not matter where the stream was cut", () => {
  for (let at = 0; at <= stream.length; at++) {
    const splitter = new EventSplitter();
    const found = [...splitter.take(stream.slice(0, at)), ...splitter.take(stream.slice(at))];
    expect(found).toEqual(events);
  }
});

test("what is not whole is not there yet", () => {
  const splitter = new EventSplitter();
  expect(splitter.take('id: 0:1\ndata: {"offset"')).toEqual([]);
  expect(splitter.take(":0}\n\n")).toHaveLength(1);
});
