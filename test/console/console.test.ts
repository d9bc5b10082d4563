/**
 * The console in Chromium over the built executable: each page's main task, by clicks and by
 * keyboard; what axe-core says; and that no page complains or asks anybody else.
 */
import { afterAll, beforeAll, describe, expect } from "bun:test";
import { existsSync } from "node:fs";
import type { Page } from "playwright-core";
import { ConsoleWorld, testInBrowser } from "./browser.ts";

let world: ConsoleWorld;
const isThere = existsSync("/usr/bin/chromium");
const testMsMax = 120_000;

beforeAll(async () => {
  if (!isThere) return;
  world = await ConsoleWorld.open();
  const values = Array.from({ length: 250 }, (_, at) => JSON.stringify({ number: at }));
  await world.topic("orders", values);
  await world.topic("spread", ["one"], 3);
  await world.topic("nothing", []);
  await world.commit("readers", "orders", 200);
}, testMsMax);

afterAll(async () => {
  if (isThere) await world[Symbol.asyncDispose]();
}, testMsMax);

/** A test of one page, which says nothing that it should not. */
function testPage(
  name: string,
  at: string,
  body: (page: Page) => Promise<void>,
  width?: number,
): void {
  testInBrowser(
    name,
    async () => {
      const page = await world.page(at, width === undefined ? {} : { width });
      await body(page);
      await page.close();
      expect(world.complaints.splice(0)).toEqual([]);
    },
    testMsMax,
  );
}

const button = (page: Page, name: string | RegExp) => page.getByRole("button", { name });
const dialog = (page: Page) => page.getByRole("dialog");
const toast = async (page: Page, words: string): Promise<void> => {
  await page.locator(".toast", { hasText: words }).waitFor();
};
const cell = (page: Page, words: string) => page.getByRole("gridcell", { name: words }).first();

interface Topic {
  readonly partitions_count: number;
}

describe("topics", () => {
  testPage("are created by clicks", "/topics", async (page) => {
    await button(page, /New topic/).click();
    await page.getByLabel("Name", { exact: true }).fill("clicked");
    await page.getByLabel("Partitions", { exact: true }).fill("2");
    await page.locator("summary").click();
    await page.getByLabel("compression.type", { exact: true }).fill("zstd");
    await button(page, "Create topic").click();
    await page.getByRole("heading", { name: "clicked" }).waitFor();
    expect(await world.v3("GET", "/topics/clicked")).toMatchObject({ partitions_count: 2 });
    const config = await world.v3("GET", "/topics/clicked/configs/compression.type");
    expect(config).toMatchObject({ value: "zstd", source: "DYNAMIC_TOPIC_CONFIG" });
  });

  testPage("are created, found and opened by keyboard", "/topics", async (page) => {
    await page.keyboard.press("c");
    await dialog(page).waitFor();
    await page.keyboard.type("typed");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "typed" }).waitFor();
    await page.keyboard.press("g");
    await page.keyboard.press("t");
    await page.getByRole("heading", { name: "Topics" }).waitFor();
    await cell(page, "spread").waitFor();
    await page.keyboard.press("f");
    await page.keyboard.type("spre");
    await page.getByText("1 match").waitFor();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "spread" }).waitFor();
  });

  testPage("get partitions, and go once their name is typed", "/topics/spread", async (page) => {
    await button(page, "Add partitions").click();
    await page.getByLabel("Partitions in all").fill("5");
    await button(page, "Add 2").click();
    await toast(page, "5 partitions");
    const { partitions_count: count } = (await world.v3("GET", "/topics/spread")) as Topic;
    expect(count).toBe(5);
    await world.v3("POST", "/topics", { topic_name: "doomed" });
    await page.goto(`${world.origin}/#/topics/doomed`);
    await page.getByRole("heading", { name: "doomed" }).waitFor();
    await button(page, "Delete").click();
    expect(await button(page, "Delete topic").isDisabled()).toBeTrue();
    await page.getByLabel("Type the topic's name").fill("doomed");
    await page.keyboard.press("Enter");
    await toast(page, "is gone");
    const { data } = (await world.v3("GET", "/topics")) as { data: { topic_name: string }[] };
    expect(data.map(({ topic_name: name }) => name)).not.toContain("doomed");
  });

  testPage(
    "have settings that are changed, and reset",
    "/topics/nothing/settings",
    async (page) => {
      const box = page.getByLabel("max.message.bytes", { exact: true });
      await box.fill("1");
      await box.fill("nonsense");
      await button(page, "Save").click();
      await page.getByRole("alert").filter({ hasText: "max.message.bytes" }).waitFor();
      await box.fill("2000000");
      await button(page, "Save").click();
      await toast(page, "1 setting of nothing changed");
      await page.getByText("this topic").waitFor();
      await button(page, "Reset max.message.bytes to its default").click();
      await button(page, "Save").click();
      await toast(page, "1 setting of nothing changed");
      await page.getByText("this topic").waitFor({ state: "detached" });
    },
  );
});

describe("records", () => {
  testPage("are browsed, shown in three ways and copied", "/topics/orders", async (page) => {
    await cell(page, '{"number":249}').click();
    await page.getByRole("heading", { name: "Offset 249" }).waitFor();
    await page.locator(".json-number", { hasText: "249" }).waitFor();
    await button(page, "Hex").click();
    await page.getByText("7b 22 6e 75 6d 62 65 72").waitFor();
    await button(page, "Text").click();
    await button(page, /^Copy/).click();
    await toast(page, "Value copied");
    expect(await page.evaluate("navigator.clipboard.readText()")).toBe('{"number":249}');
  });

  testPage("are gone through by keyboard, to the other end", "/topics/orders", async (page) => {
    await cell(page, '{"number":249}').waitFor();
    await page.getByRole("grid").focus();
    await page.keyboard.press("j");
    await page.getByRole("heading", { name: "Offset 248" }).waitFor();
    await page.keyboard.press("End");
    await page.getByRole("heading", { name: "Offset 0" }).waitFor();
    await page.keyboard.press("v");
    await page.locator("pre.text", { hasText: '{"number":0}' }).waitFor();
  });

  testPage("are found by offset, key and text", "/topics/orders", async (page) => {
    await button(page, "Offset").click();
    await page.getByLabel("Offset to begin with").fill("100");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Offset 100" }).waitFor();
    await button(page, "Filter").click();
    await page.getByLabel("Key", { exact: true }).fill("key-123");
    await button(page, "Find").click();
    await page.getByRole("heading", { name: "Offset 123" }).waitFor();
    await page.getByLabel("Key", { exact: true }).fill("");
    await page.getByLabel("Text").last().fill('"number":17');
    await button(page, "Find").click();
    await page.getByText("10 records").waitFor();
  });

  testPage("are produced by clicks, and seen live", "/topics/nothing", async (page) => {
    await button(page, /^Live/).click();
    await page.getByText("Waiting for records").waitFor();
    await button(page, "Produce").click();
    await page.getByLabel("Key").fill("a key");
    await page.locator("textarea").fill('{"hello": "world"}');
    await button(page, "Add header").click();
    await page.getByLabel("Name of header 1").fill("kind");
    await page.getByLabel("Value of header 1").fill("greeting");
    await dialog(page).getByRole("button", { name: "Produce" }).click();
    await toast(page, "Stored in nothing, partition 0");
    await cell(page, '{"hello": "world"}').click();
    await page.getByText("greeting").waitFor();
  });

  testPage("are produced again by keyboard, to another topic", "/topics/orders", async (page) => {
    await world.v3("POST", "/topics", { topic_name: "target" });
    await cell(page, '{"number":249}').waitFor();
    await page.keyboard.press("r");
    await page.getByLabel("Target topic").fill("target");
    await page.keyboard.press("Control+Enter");
    await toast(page, "Stored in target, partition");
  });

  testPage("of an empty topic say so", "/topics/spread", async (page) => {
    await page.getByLabel("Partition", { exact: true }).fill("2");
    await page.keyboard.press("Enter");
    await page.getByText("No records").waitFor();
  });
});

describe("groups", () => {
  testPage("are moved by clicks, after a preview", "/groups", async (page) => {
    await cell(page, "readers").click();
    await page.getByRole("heading", { name: "readers" }).waitFor();
    await button(page, /Reset offsets/).click();
    await button(page, "Preview").click();
    await page.getByText("200 records would be read again").waitFor();
    await button(page, "Reset 1 partition").click();
    await toast(page, "1 offset of readers set");
    await page.getByText("250 records behind").waitFor();
  });

  testPage("are moved by keyboard", "/groups/readers", async (page) => {
    await page.getByRole("gridcell", { name: "orders" }).waitFor();
    await page.keyboard.press("r");
    await page.getByLabel("Move to").selectOption("offset");
    await page.getByLabel("Offset", { exact: true }).fill("240");
    await page.keyboard.press("Enter");
    await page.getByText("240 records would be skipped").waitFor();
    await page.getByLabel("Offset", { exact: true }).press("Enter");
    await toast(page, "1 offset of readers set");
    await page.getByText("10 records behind").waitFor();
  });
});

describe("everywhere", () => {
  testPage("the overview shows numbers, and they move", "/", async (page) => {
    const total = page.locator(".tile", { hasText: "Records in" });
    await total.getByText("so far").waitFor();
    const before = Number((await total.locator("small").textContent())?.replaceAll(/\D/g, ""));
    await world.v3("POST", "/topics/orders/records", { value: { type: "STRING", data: "more" } });
    await total.getByText(`${before + 1} so far`).waitFor();
  });

  testPage("the palette leads to topics, and help is one key away", "/", async (page) => {
    await page.keyboard.press("/");
    await page.getByRole("combobox").pressSequentially("orde");
    await page.getByRole("option", { name: "orders" }).waitFor();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "orders" }).waitFor();
    await page.keyboard.press("Control+k");
    await dialog(page).waitFor();
    await page.keyboard.press("Escape");
    await dialog(page).waitFor({ state: "detached" });
    await page.keyboard.press("?");
    await page.getByRole("heading", { name: "Shortcuts" }).waitFor();
  });

  testPage("the theme is kept", "/broker", async (page) => {
    await button(page, "Light").click();
    await page.reload();
    expect(await page.locator("html").getAttribute("data-theme")).toBe("light");
  });

  testPage("the broker shows its configuration", "/broker", async (page) => {
    await page.getByLabel("Find configurations").fill("node.id");
    await page.getByText("broker, at start").waitFor();
    expect(await page.locator(".configs li").count()).toBe(1);
  });

  testPage(
    "defaults of topics are changed, and what is refused is told",
    "/broker",
    async (page) => {
      const box = page.getByLabel("log.retention.ms", { exact: true });
      await box.fill("nonsense");
      await button(page, "Save").click();
      await page.getByRole("alert").filter({ hasText: "log.retention.ms" }).waitFor();
      await box.fill("86400000");
      await button(page, "Save").click();
      await toast(page, "1 setting of the broker changed");
      await button(page, "Reset log.retention.ms to its default").click();
      await button(page, "Save").click();
      await page.getByText("1 change not saved").waitFor({ state: "hidden" });
    },
  );

  testPage("the first paint comes soon", "/", async (page) => {
    const paint = `performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? -1`;
    await page.reload();
    await page.locator(".tiles").waitFor();
    const ms = Number(await page.evaluate(paint));
    process.stdout.write(`console: first contentful paint after ${ms.toFixed(0)} ms\n`);
    expect(ms).toBeLessThan(2_000);
  });
});

const pages = [
  "/",
  "/topics",
  "/topics/orders",
  "/topics/orders/partitions",
  "/topics/orders/settings",
  "/groups",
  "/groups/readers",
  "/broker",
];

describe("axe finds nothing", () => {
  for (const scheme of ["dark", "light"] as const) {
    for (const width of [1440, 390]) {
      testInBrowser(
        `on any page, ${scheme}, ${width} pixels wide`,
        async () => {
          const found: Record<string, readonly string[]> = {};
          for (const at of pages) {
            const page = await world.page(at, { scheme, width });
            await page.locator(".waiting").first().waitFor({ state: "detached" });
            found[at] = await world.violations(page);
            await page.close();
          }
          expect(found).toEqual(Object.fromEntries(pages.map((at) => [at, []])));
        },
        testMsMax,
      );
    }
  }
});
