/** The console's page and its files, as a browser gets them; from source, without a build. */
import { expect, test } from "bun:test";
import { gunzipSync } from "node:zlib";
import { HttpWorld } from "../support/http-world.ts";

const get = async (world: HttpWorld, path: string, headers: Record<string, string> = {}) => {
  const encoding = { "accept-encoding": "identity", ...headers };
  return await fetch(`${world.url}${path}`, { headers: encoding, decompress: false });
};

test("the page names its files, which are kept for ever; the page is asked for each time", async () => {
  await using world = await HttpWorld.open();
  const page = await get(world, "/");
  expect(page.headers.get("cache-control")).toBe("no-cache");
  const names = [...(await page.text()).matchAll(/\/console\/([\w-]+\.(\w+))/g)];
  expect(names.map(([, , kind]) => kind)).toEqual(["svg", "css", "js"]);
  for (const [path] of names) {
    const file = await get(world, path);
    expect([path, file.status]).toEqual([path, 200]);
    expect(file.headers.get("cache-control")).toContain("immutable");
  }
  expect((await get(world, "/console/none.js")).status).toBe(404);
});

test("a browser may load nothing but this door's, and nobody may frame the page", async () => {
  await using world = await HttpWorld.open();
  const { headers } = await get(world, "/");
  expect(headers.get("content-security-policy")).toStartWith("default-src 'self'; ");
  expect(headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
  expect(headers.get("x-content-type-options")).toBe("nosniff");
  expect(headers.get("referrer-policy")).toBe("no-referrer");
});

test("it comes packed to those who unpack it, with an entity tag of its own", async () => {
  await using world = await HttpWorld.open();
  const plain = await get(world, "/");
  const packed = await get(world, "/", { "accept-encoding": "br, gzip" });
  expect(packed.headers.get("content-encoding")).toBe("gzip");
  expect(gunzipSync(await packed.bytes()).toString()).toBe(await plain.text());
  const tag = packed.headers.get("etag") ?? "";
  expect(plain.headers.get("etag")).not.toBe(tag);
  const again = await get(world, "/", { "accept-encoding": "gzip", "if-none-match": tag });
  expect(again.status).toBe(304);
  const refused = await get(world, "/", { "accept-encoding": "gzip;q=0" });
  expect(refused.headers.get("content-encoding")).toBeNull();
});
