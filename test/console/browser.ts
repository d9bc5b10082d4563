/**
 * Chromium over a broker that is the built executable, for the console's tests. Everything that a
 * page says on its console, throws, or asks of another origin is kept: there must be none.
 */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { startBroker, type StartedBroker } from "../e2e/support/broker-process.ts";
import type { BrokerDetail } from "../../src/http/console-api/broker.ts";
import { Peer } from "../support/peer.ts";
import { until } from "../support/until.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { skipUnless } from "../support/skip.ts";

const program = "/usr/bin/chromium";

/** `test`, where there is a browser. */
export const testInBrowser = skipUnless(existsSync(program), "Debian's chromium is not installed");

/** Nothing that the browser would do of itself: look for updates, greet its maker. */
const browserArguments = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** How long a page may take, on a machine that is busy. */
const pageMsMax = 20_000;

/** What somebody's screen is like. */
export interface Screen {
  readonly scheme?: "dark" | "light";
  readonly width?: number;
}

/** A finding of axe-core. */
interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

/** See the head of this file. */
export class ConsoleWorld implements AsyncDisposable {
  /** What pages said or did that they should not. */
  readonly complaints: string[] = [];
  readonly #contexts: BrowserContext[] = [];

  private constructor(
    private readonly browser: Browser,
    private broker: StartedBroker,
    private readonly directory: { readonly path: string } & Disposable,
    readonly origin: string,
    private readonly clusterId: string,
  ) {}

  static async open(): Promise<ConsoleWorld> {
    const directory = temporaryDirectory();
    const broker = await startBroker(directory.path);
    await broker.process.logged("ready");
    const door = broker.process.lines.find((line) => line["door"] === "http");
    const origin = `http://${String(door?.["address"])}`;
    const answer = await fetch(`${origin}/v3/clusters`);
    const clusters = (await answer.json()) as { data: { cluster_id: string }[] };
    const browser = await chromium.launch({ executablePath: program, args: browserArguments });
    const clusterId = clusters.data[0]?.cluster_id ?? "";
    return new ConsoleWorld(browser, broker, directory, origin, clusterId);
  }

  /** Asks REST v3, past the page. */
  async v3(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${this.origin}/v3/clusters/${this.clusterId}${path}`, {
      method,
      headers: { "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${text}`);
    return text === "" ? null : JSON.parse(text);
  }

  /** A topic with records of these values in partition 0. */
  async topic(name: string, values: readonly string[], partitions = 1): Promise<void> {
    await this.v3("POST", "/topics", { topic_name: name, partitions_count: partitions });
    const entries = values.map((data, at) => ({
      id: String(at),
      partition_id: 0,
      key: { type: "STRING", data: `key-${at}` },
      value: { type: "STRING", data },
    }));
    if (entries.length > 0) await this.v3("POST", `/topics/${name}/records:batch`, { entries });
  }

  /** Commits an offset of partition 0 for a group without members, as a Kafka client would. */
  async commit(groupId: string, topic: string, offset: number): Promise<void> {
    const door = this.broker.process.lines.find((line) => line["door"] === "kafka protocol");
    const peer = await Peer.connect(Number(String(door?.["address"]).split(":").at(-1)));
    peer.send(offsetCommitFrame(groupId, topic, offset));
    await until(() => peer.receivedBytes >= 4);
    peer.terminate();
  }

  /** Two members read this topic for a group, over HTTP, until the broker ends. */
  async members(groupId: string, topic: string): Promise<void> {
    const post = async (path: string, body: unknown): Promise<void> => {
      const response = await fetch(`${this.origin}/consumers/${groupId}${path}`, {
        method: "POST",
        headers: { "content-type": "application/vnd.kafka.v2+json" },
        body: JSON.stringify(body),
      });
      if (!response.ok) throw new Error(await response.text());
    };
    for (const name of ["one", "two"]) {
      await post("", { name, format: "binary" });
      await post(`/instances/${name}/subscription`, { topics: [topic] });
    }
    for (const name of ["one", "two"]) {
      // Members join when they ask for records.
      await fetch(`${this.origin}/consumers/${groupId}/instances/${name}/records?timeout=100`, {
        headers: { accept: "application/vnd.kafka.binary.v2+json" },
      });
    }
  }

  /** Resolves once the HTTP port answers no other request than this question: no stream is open. */
  async untilQuiet(): Promise<void> {
    let open = 0;
    while (open !== 1) {
      const answer = await fetch(`${this.origin}/console/api/broker`);
      const { doors } = (await answer.json()) as BrokerDetail;
      open = doors.find(({ name }) => name === "http")?.open ?? 0;
    }
  }

  /** Ends the broker; pages stay. */
  async stop(): Promise<void> {
    await this.broker.process.end("SIGTERM");
  }

  /** Starts it again where it was. */
  async start(): Promise<void> {
    const port = new URL(this.origin).port;
    this.broker = await startBroker(this.directory.path, ["--http-port", port]);
  }

  /** A page of the console. @param at behind `#` */
  async page(at: string, { scheme = "dark", width = 1440 }: Screen = {}): Promise<Page> {
    const context = await this.browser.newContext({
      colorScheme: scheme,
      viewport: { width, height: 900 },
      permissions: ["clipboard-read", "clipboard-write"],
    });
    this.#contexts.push(context);
    const page = await context.newPage();
    page.setDefaultTimeout(pageMsMax);
    page.on("console", (message) => {
      // Chromium reports each answer of 400 and above; pages that are refused show it themselves.
      const isReport = message.text().startsWith("Failed to load resource");
      if (["error", "warning"].includes(message.type()) && !isReport) {
        this.complaints.push(`${at}: ${message.text()}`);
      }
    });
    page.on("pageerror", (error) => this.complaints.push(`${at}: ${error.message}`));
    page.on("request", (request) => {
      if (!request.url().startsWith(`${this.origin}/`)) this.complaints.push(request.url());
    });
    await page.goto(`${this.origin}/#${at}`);
    await page.locator("h1").waitFor();
    return page;
  }

  /** What axe finds; nothing is the only good answer. */
  async violations(page: Page): Promise<readonly string[]> {
    const path = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
    // The page's policy forbids scripts of others; a debugger's are not bound by it.
    await page.evaluate(await Bun.file(path).text());
    const found = await page.evaluate<Violation[]>(
      "axe.run().then(({ violations }) => JSON.parse(JSON.stringify(violations)))",
    );
    return found.flatMap(({ id, nodes }) => {
      return nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary ?? ""}`);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.browser.close();
    await this.broker.process.end("SIGTERM");
    this.directory[Symbol.dispose]();
  }
}

/** OffsetCommit, version 2 (Kafka protocol guide). */
function offsetCommitFrame(groupId: string, topic: string, offset: number): Uint8Array {
  const int16 = (value: number): Buffer => Buffer.from([value >> 8, value & 255]);
  const int32 = (value: number): Buffer => Buffer.concat([int16(value >> 16), int16(value)]);
  const string = (value: string): Buffer =>
    Buffer.concat([int16(Buffer.byteLength(value)), Buffer.from(value)]);
  const int64 = (value: bigint): Buffer => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64BE(value);
    return bytes;
  };
  const header = [int16(8), int16(2), int32(1), string("console test")];
  const member = [string(groupId), int32(-1), string(""), int64(-1n)];
  const partition = [int32(1), int32(0), int64(BigInt(offset)), int16(-1)];
  const frame = Buffer.concat([...header, ...member, int32(1), string(topic), ...partition]);
  return Buffer.concat([int32(frame.length), frame]);
}
