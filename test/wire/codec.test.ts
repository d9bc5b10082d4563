import { expect, test } from "bun:test";
import { type Codec, codec } from "../../src/wire/codec.ts";
import { Malformed, Reader } from "../../src/wire/reader.ts";
import {
  type Row,
  batches,
  blank,
  bool,
  bytes,
  int16,
  int32,
  list,
  message,
  string,
  struct,
  uuid,
} from "../../src/wire/table.ts";
import { Writer } from "../../src/wire/writer.ts";
import { bytesOf } from "../support/hex.ts";

const Sample = message(
  { name: "Sample", versions: [0, 3], flexible: 2 },
  {
    name: string.nullable(1),
    count: int16.since(1).default(-1),
    items: list({ label: string, data: bytes, flags: list(bool) }),
    cursor: struct({ at: int32 }).nullable().since(1).default(null),
    note: string.since(2).nullable().tag(0).default(null),
    place: struct({ node: int32.default(-1), rack: string })
      .since(3)
      .tag(5),
    aliases: list(string).since(2).tag(7),
  },
);
type SampleRow = Row<typeof Sample.shape>;

const sample: SampleRow = {
  name: "n",
  count: 7,
  items: [
    { label: "é", data: Uint8Array.of(1, 2), flags: [true, false] },
    { label: "", data: Uint8Array.of(), flags: [] },
  ],
  cursor: { at: -2 },
  note: "noted",
  place: { node: 3, rack: "r" },
  aliases: ["a", "bc"],
};

function write(version: number, row: SampleRow): string {
  const writer = new Writer();
  writer.begin();
  codec(Sample, version).write(writer, row);
  return new Uint8Array(Buffer.concat(writer.finish())).subarray(4).toHex();
}

const read = (version: number, hex: string): SampleRow | Malformed =>
  codec(Sample, version).read(Reader.of(bytesOf(hex)));

const items = "00000002 0002c3a9 00000002 0102 00000002 0100 0000 00000000 00000000";
const compactItems = "03 03c3a9 03 0102 03 0100 00 01 01 01 00";

test("each version carries its columns, and the others hold their defaults", () => {
  const { note, place, aliases } = blank(Sample.shape);
  const old = { ...sample, note, place, aliases };
  const cases: [version: number, hex: string, row: SampleRow][] = [
    [0, `0001 6e ${items}`, { ...old, count: -1, cursor: null }],
    [1, `0001 6e 0007 ${items} 01 fffffffe`, old],
    [
      2,
      `02 6e 0007 ${compactItems} 01 fffffffe 00  02  00 06 06 6e6f746564  07 06 03 0261 03 6263`,
      { ...sample, place },
    ],
    [
      3,
      `02 6e 0007 ${compactItems} 01 fffffffe 00
       03  00 06 06 6e6f746564  05 07 00000003 02 72 00  07 06 03 0261 03 6263`,
      sample,
    ],
  ];
  for (const [version, hex, row] of cases) {
    expect([version, write(version, sample)]).toEqual([version, bytesOf(hex).toHex()]);
    expect([version, read(version, hex)]).toEqual([version, row]);
  }
});

test("null is a length of -1, and a mark before a struct", () => {
  const nothing: SampleRow = { ...blank(Sample.shape), name: null };
  expect(write(1, nothing)).toBe("ffffffff00000000ff");
  expect(write(2, nothing)).toBe("00ffff01ff00");
  expect(read(1, "ffffffff00000000ff")).toEqual(nothing);
  expect(read(2, "00ffff01ff00")).toEqual(nothing);
});

test("null is refused in a version in which it can't be", () => {
  const refused = "name is null in a version in which it can't be";
  expect(() => write(0, { ...sample, name: null })).toThrow(refused);
  expect(read(0, "ffff00000000")).toBeInstanceOf(Malformed);
});

test("tagged fields are written where they differ from their defaults, and read in any order", () => {
  const plain = { ...sample, ...{ note: null, place: { node: -1, rack: "" }, aliases: [] } };
  expect(write(3, plain)).toEndWith("00");
  expect(write(3, { ...plain, place: { node: -1, rack: "x" } })).toEndWith("010507ffffffff027800");
  const head = `02 6e 0007 01 ff`;
  expect(read(3, `${head} 03  07 03 02 0261  09 02 beef  00 01 00`)).toMatchObject({
    note: null,
    aliases: ["a"],
    place: { node: -1, rack: "" },
  });
});

test("a tagged field of another size than it says is malformed", () => {
  for (const wrong of ["00 03 0261", "00 01 0261", "00 7f 0261"]) {
    expect(read(3, `02 6e 0007 01 ff 01 ${wrong} 00`)).toBeInstanceOf(Malformed);
  }
});

test("a tagged field of a later version is left out", () => {
  expect(read(2, "02 6e 0007 01 ff 01 05 07 00000003 02 72 00")).toMatchObject({
    place: { node: -1, rack: "" },
  });
});

test("malformed bytes are a value that says what is wrong, and where", () => {
  expect(String(read(0, "0001 6e 7fffffff"))).toBe(
    "a list of 2147483647 elements, 0 bytes left, at byte 7",
  );
  expect(String(read(2, "02 6e 0007 ffffffff0f"))).toContain("a list of 4294967294 elements");
  expect(String(read(2, "02 6e 0007 ffffffff1f"))).toContain("a varint over 32 bits");
});

test("a long list grows beyond what was allocated for a short one", () => {
  const row = { ...sample, items: [], aliases: Array.from({ length: 5000 }, (_, at) => `${at}`) };
  expect(read(3, write(3, row))).toEqual(row);
});

test("what follows a message is left alone", () => {
  const reader = Reader.of(bytesOf("ffffffff00000000ff c0ffee"));
  expect(codec(Sample, 1).read(reader)).not.toBeInstanceOf(Malformed);
  expect(reader.end - reader.at).toBe(3);
});

test("bytes that were read are views of the frame, and batches that are written stay theirs", () => {
  const Data = message({ name: "Data", versions: [0, 0] }, { id: uuid, data: batches.nullable() });
  const both: Codec<typeof Data.shape> = codec(Data, 0);
  const large = new Uint8Array(5000);
  const writer = new Writer();
  writer.begin();
  both.write(writer, { id: blank(Data.shape).id, data: [large, large] });
  const pieces = writer.finish();
  expect(pieces.map((piece) => piece === large)).toEqual([false, true, true]);
  const frame = new Uint8Array(Buffer.concat(pieces));
  const row = both.read(new Reader(frame, new DataView(frame.buffer), 4, frame.length));
  expect(row instanceof Malformed ? null : row.data?.[0]?.buffer).toBe(frame.buffer);
});

test("a codec is compiled once", () => {
  expect(codec(Sample, 3)).toBe(codec(Sample, 3));
  expect(codec(Sample, 3)).not.toBe(codec(Sample, 2));
  expect(() => codec(Sample, 4)).toThrow("Sample has no version 4");
});
