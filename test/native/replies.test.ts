import { expect, test } from "bun:test";
import { replyToRefusal, sendReplies, type Reply } from "../../src/native/replies.ts";

function sent(reply: Reply, count: number): { text: string; pieces: number } {
  const pieces: Uint8Array[] = [];
  sendReplies(reply, count, (bytes) => pieces.push(bytes));
  return { text: new TextDecoder().decode(Buffer.concat(pieces)), pieces: pieces.length };
}

test.each<[Reply, string]>([
  ["OK", "OK\n"],
  ["CORRUPTED", "NACK:CORRUPTED\n"],
  ["INVALID_FORMAT", "NACK:INVALID_FORMAT\n"],
  ["PROTOCOL_ERROR", "NACK:PROTOCOL_ERROR\n"],
  ["PUBLISH_FAILED", "NACK:PUBLISH_FAILED\n"],
])("the reply %s is spelled as the original spells it", (reply, spelled) => {
  expect(sent(reply, 1)).toEqual({ text: spelled, pieces: 1 });
  expect(sent(reply, 3).text).toBe(spelled.repeat(3));
});

test("thousands of replies are one piece, tens of thousands a few", () => {
  expect(sent("OK", 4096)).toEqual({ text: "OK\n".repeat(4096), pieces: 1 });
  expect(sent("OK", 4097)).toEqual({ text: "OK\n".repeat(4097), pieces: 2 });
  expect(sent("OK", 10_000)).toEqual({ text: "OK\n".repeat(10_000), pieces: 3 });
});

test("whatever the broker refuses is PUBLISH_FAILED: INVALID_FORMAT is for bytes", () => {
  expect(new Set(Object.values(replyToRefusal))).toEqual(new Set(["PUBLISH_FAILED"]));
});
