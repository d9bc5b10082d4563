import { expect, test } from "bun:test";
import { offset } from "../../src/base/brands.ts";
import { seal, stamp, viewOf } from "../../src/record/batch.ts";
import { hexLines } from "../../src/reader/hex.ts";
import { batchOf } from "../support/batches.ts";
import { expectGolden } from "../support/golden.ts";

test("a batch is shown with its header's fields, its bytes and where they lie", () => {
  const plain = batchOf({ first: 0, count: 2, timestamp: 1_754_705_528_480 });
  const control = batchOf({ first: 0, count: 2 });
  stamp(viewOf(plain), 0, offset(4182), 0);
  control[22] = 0x3c;
  seal(control, viewOf(control), 0);
  const path = "topics/orders/0/00000000000000004096.log";
  const shown = [
    ...hexLines({ path, position: 8192, bytes: plain }),
    "",
    ...[...hexLines({ path, position: 9000, bytes: control })].slice(0, 16),
  ];
  expectGolden("reader/hex.txt", `${shown.join("\n")}\n`);
});

test("the last row may be short, and every byte is in a row", () => {
  for (let count = 1; count < 20; count++) {
    const bytes = batchOf({ first: 0, valueBytes: count });
    const rows = [...hexLines({ path: "log", position: 0, bytes })].filter((row) => row[0] !== "#");
    const digits = rows.map((row) => row.slice(8, row.indexOf("|")).replaceAll(" ", "")).join("");
    expect(digits).toBe(bytes.toHex());
  }
});
