import { expect, test } from "bun:test";
import { collection } from "../../../src/http/rest-v3/resource.ts";
import type { Reply } from "../../../src/http/reply.ts";

const rows = Array.from({ length: 7 }, (_, at) => at);

/** The rows of a page, and the query of the next one. */
function page(query: { readonly page_size?: number; readonly page_token?: number }) {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) search.set(name, `${value}`);
  const url = new URL(`http://127.0.0.1/x?${search}`);
  const { content }: Reply = collection({ request: { url }, query }, "List", rows, (row) => row);
  if (content.kind !== "json") throw new Error(content.kind);
  const { metadata, data } = content.value as {
    readonly metadata: { readonly next: string | null };
    readonly data: readonly number[];
  };
  return [data, metadata.next && new URL(metadata.next).search];
}

test.each<[object, readonly number[], string | null]>([
  [{}, rows, null],
  [{ page_size: 7 }, rows, null],
  [{ page_size: 3 }, [0, 1, 2], "?page_size=3&page_token=3"],
  [{ page_size: 3, page_token: 3 }, [3, 4, 5], "?page_size=3&page_token=6"],
  [{ page_size: 3, page_token: 6 }, [6], null],
  [{ page_token: 100 }, [], null],
])("page %p", (query, data, next) => {
  expect(page(query)).toEqual([data, next]);
});

test("rows that are not on the page are not shown", () => {
  let shown = 0;
  const call = { request: { url: new URL("http://127.0.0.1/") }, query: { page_size: 2 } };
  collection(call, "List", rows, () => (shown += 1));
  expect(shown).toBe(2);
});
