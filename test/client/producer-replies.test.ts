import { expect, test } from "bun:test";
import { ReplyReader } from "../../src/client/producer-replies.ts";
import { textBytes } from "../support/hex.ts";
import { randomForTest } from "../support/seed.ts";

/** Feeds text in pieces; what was told, and the fault that ended it. */
function read(
  pieces: readonly string[],
  messages = 1000,
): { told: string[]; fault: string | null } {
  const told: string[] = [];
  let left = messages;
  const reader = new ReplyReader({
    acknowledged(count) {
      for (let each = count; each > 0 && left > 0; each--, left--) told.push("OK");
      return told.length < messages || left === 0;
    },
    refused(reason) {
      told.push(reason);
      return left-- > 0;
    },
  });
  for (const piece of pieces) {
    const fault = reader.feed(textBytes(piece));
    if (fault !== null) return { told, fault };
  }
  return { told, fault: null };
}

test("replies are told in order, refusals with their reason", () => {
  expect(read(["OK\nOK\nNACK:CORRUPTED\nOK\n"])).toEqual({
    told: ["OK", "OK", "CORRUPTED", "OK"],
    fault: null,
  });
});

test("replies are the same in whatever pieces they come", () => {
  const random = randomForTest();
  for (let round = 0; round < 200; round++) {
    const expected = Array.from({ length: 30 }, () => (random.below(4) > 0 ? "OK" : "CORRUPTED"));
    const stream = expected.map((one) => (one === "OK" ? "OK\n" : `NACK:${one}\n`)).join("");
    const pieces: string[] = [];
    for (let at = 0; at < stream.length;) {
      const next = at + 1 + random.below(10);
      pieces.push(stream.slice(at, next));
      at = next;
    }
    expect(read(pieces)).toEqual({ told: expected, fault: null });
  }
});

test("a reason that this client does not know is passed on", () => {
  expect(read(["NACK:SOMETHING NEW\n"]).told).toEqual(["SOMETHING NEW"]);
});

test.each([
  ["an unknown word", "OKAY\n", 'not a reply: "OKAY"'],
  ["an empty line", "\n", 'not a reply: ""'],
  ["a line without end", "NACK:".padEnd(65, "x"), "a reply is too long"],
])("%s is a fault", (_what, line, fault) => {
  expect(read(["OK\n", line])).toEqual({ told: ["OK"], fault });
});

test("a refusal that no message asked for is a fault", () => {
  expect(read(["NACK:CORRUPTED\n", "NACK:CORRUPTED\n"], 1).fault).toBe(
    "more replies than messages",
  );
});
