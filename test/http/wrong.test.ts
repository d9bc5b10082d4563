/**
 * What is wrong with a request, row by row: the status, the code, and that nothing else happens.
 * Families have their own rows beside their own files; these are those that hold for all.
 */
import { describe, expect, test } from "bun:test";
import { httpBodyBytesMax, httpJsonBytesMax } from "../../src/limits.ts";
import { HttpWorld } from "../support/http-world.ts";

interface Row {
  readonly what: string;
  readonly method?: string;
  /** In the cluster unless it begins with two slashes: then without the first. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly expected: readonly [status: number, errorCode: number];
  /** Headers that the answer has. */
  readonly answer?: Readonly<Record<string, string>>;
}

const topic = { topic_name: "new" };
const records = "/topics/t/records";

const rows: readonly Row[] = [
  { what: "another path", path: "//v3/clusterz", expected: [404, 404] },
  { what: "another version", path: "//v4/clusters", expected: [404, 404] },
  { what: "a slash at the end", path: "/topics/", expected: [404, 404] },
  { what: "a slash too many", path: "//v3//clusters", expected: [404, 404] },
  { what: "a path in capitals", path: "//V3/clusters", expected: [404, 404] },
  { what: "an escape that is none", path: "/topics/%zz", expected: [400, 400] },
  { what: "an escape that is no text", path: "/topics/%ff%fe", expected: [400, 400] },
  { what: "another cluster", path: "//v3/clusters/other/topics", expected: [404, 404] },
  {
    what: "another method",
    method: "PUT",
    path: "/topics",
    expected: [405, 405],
    answer: { allow: "GET, HEAD, POST, OPTIONS" },
  },
  {
    what: "a method for what can only be read",
    method: "DELETE",
    path: "//health",
    expected: [405, 405],
    answer: { allow: "GET, HEAD, OPTIONS" },
  },
  { what: "an unknown method", method: "PROPFIND", path: "/topics", expected: [405, 405] },
  { what: "an unknown query", path: "/topics?pagesize=1", expected: [400, 400] },
  { what: "a query that is no number", path: "/topics?page_size=all", expected: [400, 400] },
  { what: "a query that is too small", path: "/topics?page_size=0", expected: [400, 400] },
  { what: "a query that is too large", path: "/topics?page_size=10001", expected: [400, 400] },
  { what: "a query twice", path: "/topics?page_size=1&page_size=2", expected: [400, 400] },
  {
    what: "a media type that can't be had",
    path: "/topics",
    headers: { accept: "application/xml" },
    expected: [406, 406],
  },
  {
    what: "another version of the media type",
    path: "/topics",
    headers: { accept: "application/vnd.kafka.v2+json" },
    expected: [406, 406],
  },
  {
    what: "no media type",
    method: "POST",
    path: "/topics",
    headers: { "content-type": "" },
    body: topic,
    expected: [415, 415],
    answer: { accept: "application/json" },
  },
  {
    what: "a form",
    method: "POST",
    path: "/topics",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: "topic_name=new",
    expected: [415, 415],
  },
  {
    what: "JSON that says it is text",
    method: "POST",
    path: "/topics",
    headers: { "content-type": "text/plain" },
    body: topic,
    expected: [415, 415],
  },
  {
    what: "a packed body",
    method: "POST",
    path: "/topics",
    headers: { "content-encoding": "gzip" },
    body: Bun.gzipSync(JSON.stringify(topic)),
    expected: [415, 415],
    answer: { "accept-encoding": "identity" },
  },
  {
    what: "a packed record",
    method: "POST",
    path: records,
    headers: { "content-encoding": "zstd" },
    body: new Uint8Array(10),
    expected: [415, 415],
  },
  { what: "no body", method: "POST", path: "/topics", body: "", expected: [400, 400] },
  { what: "no JSON", method: "POST", path: "/topics", body: "{", expected: [400, 400] },
  {
    what: "JSON that goes on",
    method: "POST",
    path: "/topics",
    body: '{"topic_name":"new"}{}',
    expected: [400, 400],
  },
  {
    what: "no UTF-8",
    method: "POST",
    path: "/topics",
    body: Uint8Array.of(0x22, 0xff, 0x22),
    expected: [400, 400],
  },
  { what: "a list", method: "POST", path: "/topics", body: [topic], expected: [422, 422] },
  { what: "null", method: "POST", path: "/topics", body: null, expected: [422, 422] },
  {
    what: "an unknown field",
    method: "POST",
    path: "/topics",
    body: { ...topic, partitions: 1 },
    expected: [422, 422],
  },
  {
    what: "a body that is too large",
    method: "POST",
    path: "/topics",
    body: new Uint8Array(httpJsonBytesMax + 1).fill(0x20),
    expected: [413, 413],
  },
  {
    what: "records that are too many bytes",
    method: "POST",
    path: records,
    body: new Uint8Array(httpBodyBytesMax + 1).fill(0x20),
    expected: [413, 413],
  },
  {
    what: "JSON that is nested too deep",
    method: "POST",
    path: records,
    body: `{"value":{"type":"JSON","data":${"[".repeat(501)}${"]".repeat(501)}}}`,
    expected: [400, 400],
  },
  {
    what: "JSON that is too deep",
    method: "POST",
    path: "/topics",
    body: "[".repeat(1_000_000),
    expected: [400, 400],
  },
  {
    what: "records that are too deep",
    method: "POST",
    path: records,
    body: `{"value":${"[".repeat(1_000_000)}`,
    expected: [400, 400],
  },
  {
    what: "a rebound name",
    path: "/topics",
    headers: { host: "evil.example" },
    expected: [421, 421],
  },
  {
    what: "a page of another origin",
    method: "POST",
    path: "/topics",
    headers: { origin: "http://evil.example" },
    body: topic,
    expected: [403, 403],
  },
  {
    what: "a page of another site",
    method: "DELETE",
    path: "/topics/t",
    headers: { "sec-fetch-site": "cross-site" },
    expected: [403, 403],
  },
];

describe("a request with", () => {
  test.each(rows.map((row) => [row.what, row] as const))("%s", async (_, row) => {
    await using world = await HttpWorld.open();
    await world.topic("t");
    const { method = "GET", headers = {}, body } = row;
    const path = row.path.startsWith("//") ? row.path.slice(1) : world.in(row.path);
    const asking = { headers, ...("body" in row ? { body } : {}) };
    const answered = await world.ask(method, path, asking);
    const { error_code: errorCode, message } = answered.body as Record<string, unknown>;
    expect([answered.status, errorCode]).toEqual([...row.expected]);
    expect(message).toMatch(/\w{2}/);
    expect(String(message)).not.toMatch(/\.ts|at \w+ \(|\/src\//);
    expect(Object.fromEntries(answered.headers)).toMatchObject(row.answer ?? {});
    expect(answered.headers.get("content-type")).toBe("application/json");
    expect(world.broker.topics().map(({ name }) => name)).toEqual(["t"]);
    expect([world.budget.used, world.door.open]).toEqual([0, 0]);
  });
});
