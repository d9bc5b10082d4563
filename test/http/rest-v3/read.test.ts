import { describe, expect, test } from "bun:test";
import { HttpWorld } from "../../support/http-world.ts";
import { batchOf } from "../../support/batches.ts";
import { httpPagesMax } from "../../../src/limits.ts";
import { turns, until } from "../../support/until.ts";

interface Page {
  readonly metadata: { readonly next: string | null };
  readonly next_offset: number;
  readonly data: readonly {
    readonly offset: number;
    readonly key: { readonly data: string } | null;
  }[];
}

const at = "/topics/t/partitions/0/records";

/** Topic `t` with records 0 to `count`, one a second, in batches of three. */
async function opened(count = 10): Promise<HttpWorld> {
  const world = await HttpWorld.open();
  await world.topic("t");
  for (let first = 0; first < count; first += 3) {
    const batch = batchOf({
      first,
      count: Math.min(3, count - first),
      timestamp: 1_000 * (first + 1),
    });
    await world.broker.topic("t")?.partitions[0]?.produce(batch);
  }
  return world;
}

async function offsets(world: HttpWorld, query = ""): Promise<number[]> {
  const { status, body, text } = await world.v3("GET", `${at}${query}`);
  if (status !== 200) throw new Error(text);
  return (body as Page).data.map(({ offset }) => offset);
}

describe("a page", () => {
  test.each([
    ["", [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
    ["?offset=earliest&limit=2", [0, 1]],
    ["?offset=7", [7, 8, 9]],
    ["?offset=4&limit=3", [4, 5, 6]],
    ["?offset=10", []],
    ["?offset=latest", []],
    ["?time=4000", [3, 4, 5, 6, 7, 8, 9]],
    ["?time=1970-01-01T00:00:07Z&limit=1", [6]],
    ["?time=2030-01-01T00:00:00Z", []],
    ["?key=k5", [5]],
    ["?contains=v8", [8]],
    ["?key=none", []],
  ])("%s", async (query, expected) => {
    await using world = await opened();
    expect(await offsets(world, query)).toEqual(expected);
  });

  test("leads to the next one, until there is nothing more for now", async () => {
    await using world = await opened();
    const found: number[][] = [];
    let path: string | null = world.in(`${at}?limit=4&time=4000`);
    while (path !== null) {
      const { body } = await world.ask("GET", path);
      const page = body as Page;
      found.push(page.data.map(({ offset }) => offset));
      path = page.metadata.next?.slice(world.url.length) ?? null;
    }
    expect(found).toEqual([
      [3, 4, 5, 6],
      [7, 8, 9],
    ]);
  });

  test("says where to read on, also when it is empty", async () => {
    await using world = await opened();
    const { body } = await world.v3("GET", `${at}?offset=latest`);
    expect(body).toMatchObject({ next_offset: 10, earliest_offset: 0, latest_offset: 10 });
  });

  test("filters by header, and shows keys and values as is wanted", async () => {
    await using world = await opened(0);
    const record = (kind: string) => ({
      headers: [{ name: "kind", value: Buffer.from(kind).toString("base64") }],
      key: { type: "STRING", data: kind },
      value: { type: "JSON", data: 1 },
    });
    for (const kind of ["a", "b"]) await world.v3("POST", "/topics/t/records", record(kind));
    expect(await offsets(world, "?header=kind")).toEqual([0, 1]);
    expect(await offsets(world, "?header=kind%3Db")).toEqual([1]);
    const shown = async (format: string) => {
      const { body } = await world.v3("GET", `${at}?limit=1&format=${format}`);
      return (body as { readonly data: readonly unknown[] }).data[0];
    };
    const key = { type: "STRING", data: "a" };
    expect(await shown("json")).toMatchObject({ key, value: { type: "JSON", data: 1 } });
    expect(await shown("string")).toMatchObject({ key, value: { type: "STRING", data: "1" } });
    expect(await shown("binary")).toMatchObject({ value: { type: "BINARY", data: "MQ==" } });
  });

  test("waits for records, if it is told to, as long as it is told to", async () => {
    await using world = await opened(1);
    const waiting = offsets(world, "?offset=latest&wait_ms=30000");
    await turns(20);
    await world.v3("POST", "/topics/t/records", { value: { type: "STRING", data: "x" } });
    expect(await waiting).toEqual([1]);
    const { pending } = world.base.clock;
    const inVain = offsets(world, "?offset=latest&wait_ms=30000");
    while (world.base.clock.pending === pending) await turns(1);
    world.base.clock.advance(30_000);
    expect(await inVain).toEqual([]);
  });
});

describe("a page is refused", () => {
  test.each([
    ["?offset=-1", 400, 400],
    ["?offset=x", 400, 400],
    ["?offset=1.5", 400, 400],
    ["?offset=11", 404, 40411],
    ["?offset=9999999999999999", 404, 40411],
    ["?offset=1&time=5", 400, 400],
    ["?offset=1&offset=2", 400, 400],
    ["?time=now", 400, 400],
    ["?time=-5", 400, 400],
    ["?limit=0", 400, 400],
    ["?limit=10001", 400, 400],
    ["?wait_ms=60001", 400, 400],
    ["?format=xml", 400, 400],
    ["?key=base64:?", 400, 400],
    [`?${Array(17).fill("header=a").join("&")}`, 400, 400],
    ["?ofset=1", 400, 400],
  ])("%s", async (query, status, errorCode) => {
    await using world = await opened();
    const answered = await world.v3("GET", `${at}${query}`);
    expect([answered.status, answered.body]).toMatchObject([status, { error_code: errorCode }]);
  });

  test("before the oldest record, and says which that is", async () => {
    await using world = await opened();
    await world.broker.topic("t")?.partitions[0]?.deleteRecords(5);
    const { status, body } = await world.v3("GET", `${at}?offset=4`);
    expect([status, body]).toEqual([
      404,
      { error_code: 40411, message: "offset 4: the partition has 5 to 10" },
    ]);
  });
});

describe("one record", () => {
  test("is shown by its offset", async () => {
    await using world = await opened();
    const { body } = await world.v3("GET", `${at}/4`);
    expect(body).toMatchObject({ partition_id: 0, offset: 4, key: { type: "STRING", data: "k4" } });
    expect((await world.v3("GET", `${at}/4?format=binary`)).body).toMatchObject({
      key: { type: "BINARY", data: "azQ=" },
    });
  });

  test("has a value of bytes, in which a browser runs nothing", async () => {
    await using world = await opened(0);
    const headers = [{ name: "Content-Type", value: Buffer.from("text/html").toString("base64") }];
    const value = { type: "STRING", data: "<script>" };
    await world.v3("POST", "/topics/t/records", { headers, value });
    const read = await world.v3("GET", `${at}/0/value`);
    expect(read.text).toBe("<script>");
    expect(Object.fromEntries(read.headers)).toMatchObject({
      "content-type": "text/html",
      "content-security-policy": "sandbox; default-src 'none'",
      "content-disposition": "attachment",
      "x-content-type-options": "nosniff",
    });
  });

  test("without a value has no content", async () => {
    await using world = await opened(0);
    await world.v3("POST", "/topics/t/records", {});
    expect((await world.v3("GET", `${at}/0/value`)).status).toBe(204);
  });

  test.each(["10", "11", "-1", "x", "99999999999999999999"])("is not at %s", async (offset) => {
    await using world = await opened();
    for (const tail of ["", "/value"]) {
      expect((await world.v3("GET", `${at}/${offset}${tail}`)).status).toBe(404);
    }
  });

  test("of a partition or topic that is not there is not there", async () => {
    await using world = await opened();
    for (const path of ["/topics/t/partitions/1/records", "/topics/x/partitions/0/records"]) {
      for (const tail of ["", "/0", "/0/value"]) {
        expect((await world.v3("GET", `${path}${tail}`)).status).toBe(404);
      }
    }
  });
});

test("pages are made a few at a time: the others wait for their turn", async () => {
  await using world = await opened(1);
  const { promise: made, resolve: make } = Promise.withResolvers<void>();
  for (let left = httpPagesMax; left > 0; left--) void world.pages.run(() => made);
  let isAnswered = false;
  const page = offsets(world).finally(() => (isAnswered = true));
  await until(() => world.door.open === 1);
  await turns(20);
  expect(isAnswered).toBe(false);
  make();
  expect(await page).toEqual([0]);
});
