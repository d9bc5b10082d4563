/**
 * Requests to the HTTP port, without its sockets: all that lies behind the runtime's server. Each
 * is answered as the document says, never with a defect, and nothing is held afterwards.
 */
import type { Random } from "../../src/base/random.ts";
import { type Answered, answerTo } from "../../src/http/answer.ts";
import { consoleRoutes } from "../../src/http/console.ts";
import { errorBody } from "../../src/http/errors.ts";
import { responseOf } from "../../src/http/reply.ts";
import type { Inbound } from "../../src/http/route.ts";
import { allRoutes } from "../../src/http/routes.ts";
import { Mismatch } from "../../src/http/schema.ts";
import { batchOf } from "../support/batches.ts";
import { HttpWorld } from "../support/http-world.ts";
import { turns } from "../support/until.ts";
import { HttpRequests, readWritten, type Written } from "./http-requests.ts";
import { mutated, oneOf } from "./mutate.ts";
import { Finding, require, type Subject, type Target, withoutNumbers } from "./target.ts";
import { verifyAll } from "./witness.ts";

/** Turns in which it has to be answered, the clock moving, and after which its peer leaves. */
const turnsMax = 3_000;
const patientTurns = 40;
/** What is read of a stream that has no end. */
const streamReads = 3;
/** Pieces in which a body comes. */
const pieceBytes = 700;

class HttpSubject implements Subject {
  #events = 0;

  private constructor(private readonly world: HttpWorld) {}

  static async open(): Promise<HttpSubject> {
    const world = await HttpWorld.open({ settings: { partitionsMax: 40 } });
    await world.topic("t", 2);
    await world.topic("compact", 1, { "cleanup.policy": "compact" });
    for (let first = 0; first < 3; first++) {
      const appended = world.broker.topic("t")?.partitions[0]?.append(batchOf({ first }));
      require(appended !== undefined && "committed" in appended, () => "the world is not ready");
    }
    await world.commit("g", "t", 0, 1);
    return new HttpSubject(world);
  }

  async take(input: Uint8Array): Promise<readonly string[]> {
    const written = readWritten(input);
    const leaves = new Set<() => void>();
    const inbound = inboundOf(written, this.world, leaves);
    if (inbound === null) return ["no request"];
    const { router, base } = this.world;
    const found = router.find(inbound.method, inbound.url.pathname);
    // The console's files are made by a compiler, which knows no clock of ours.
    if (found.kind === "route" && consoleRoutes.includes(found.route)) return ["console"];
    const rules = { hosts: [], origins: [] };
    const answering = answerTo(inbound, { router, rules, logger: base.logger });
    const answered = await this.#settled(answering, leaves);
    const { status } = answered.reply;
    const text = await this.#settled(textOf(answered, inbound), leaves);
    for (const leave of leaves) leave();
    await this.#released();
    const operation = found.kind === "route" ? found.route.operation : found.kind;
    this.#judge(inbound, status, text, answered);
    const message = status < 400 ? "" : withoutNumbers(text).replaceAll(/\\?".*?\\?"/g, "");
    return [`${operation} ${status} ${message.slice(0, 60)}`];
  }

  async close(): Promise<void> {
    const { base } = this.world;
    for (let left = 10; left > 0; left--) {
      base.clock.advance(10_000);
      await turns(2);
    }
    await this.world[Symbol.asyncDispose]();
    await verifyAll(base.disk.clone());
    this.#defects();
  }

  /** Waits for it, time going on; then the peer leaves, which ends what waits for long. */
  async #settled<T>(work: Promise<T>, leaves: ReadonlySet<() => void>): Promise<T> {
    let isSettled = false;
    void work.finally(() => (isSettled = true));
    for (let turn = 0; turn < turnsMax && !isSettled; turn++) {
      await turns(1);
      if (turn > 2) this.world.base.clock.advance(1 + (turn >> 4));
      if (turn === patientTurns) for (const leave of leaves) leave();
    }
    if (!isSettled) throw new Finding("a request is never answered");
    return await work;
  }

  async #released(): Promise<void> {
    const { budget } = this.world;
    for (let left = 50; left > 0 && budget.used > 0; left--) await turns(1);
    require(budget.used === 0, () => `still held: ${budget.used} bytes`);
  }

  #judge(inbound: Inbound, status: number, text: string, { reply }: Answered): void {
    this.#defects();
    // Confluent's answer where a stored record is not of the format that a consumer asked for.
    const isStored = status === 500 && text.includes("Error deserializing");
    const isAllowed = status < 500 || status === 503 || status === 507 || isStored;
    require(isAllowed, () => `${status}: ${text}`);
    require(!/\bat \S+ \(|node_modules|\.ts:\d/.test(text), () =>
      `it tells of the source: ${text}`);
    if (status < 400 || inbound.method === "HEAD" || reply.content.kind !== "json") return;
    const read = errorBody.read(jsonIn(text));
    require(!(read instanceof Mismatch), () => `${status} has no error's body: ${text}`);
  }

  #defects(): void {
    const { events } = this.world.base.logger;
    const defect = events.slice(this.#events).find(({ level }) => level === "error");
    this.#events = events.length;
    if (defect === undefined) return;
    const { event, fields } = defect;
    const { error } = fields;
    const shown =
      error instanceof Error ? `${String(error)} ${error.stack}` : JSON.stringify(fields);
    throw new Finding(`${event}: ${shown.slice(0, 1_500)}`);
  }
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Finding(`this is no JSON: ${text.slice(0, 200)} ${String(error)}`);
  }
}

/** As the door makes it of what the runtime hands over; `null`: the runtime would take none. */
function inboundOf(written: Written, world: HttpWorld, leaves: Set<() => void>): Inbound | null {
  const { method, path, headers, body } = written;
  if (!URL.canParse(path, world.url) || !/^[A-Z]{1,20}$/.test(method)) return null;
  const url = new URL(path, world.url);
  const all = new Headers();
  try {
    for (const [name, value] of headers) all.append(name, value);
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
  return {
    method,
    url,
    header: (name) => all.get(name),
    headerNames: () => [...all.keys()],
    body: {
      stream: () => (body === null ? null : streamOf(body)),
      atOnce: () => Promise.resolve(body?.slice() ?? new Uint8Array()),
    },
    system: world.system,
    hasRoom: () => true,
    onEnd: (cancel) => {
      leaves.add(cancel);
      return () => leaves.delete(cancel);
    },
  };
}

function streamOf(body: Uint8Array): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      if (at < body.length) controller.enqueue(body.slice(at, at + pieceBytes));
      else controller.close();
      at += pieceBytes;
    },
  });
}

/** The answer's body; of a stream that has no end, its beginning. */
async function textOf(answered: Answered, { method }: Inbound): Promise<string> {
  const { reply, headers } = answered;
  const response = responseOf(reply, { method, ifNoneMatch: null, headers });
  const isEndless = reply.content.kind === "stream" && reply.content.isQuiet;
  if (!isEndless || response.body === null) return await response.text();
  const reader = response.body.getReader();
  const pieces: Uint8Array[] = [];
  for (let left = streamReads; left > 0; left--) {
    const { done, value } = await reader.read();
    if (done) break;
    pieces.push(value);
  }
  await reader.cancel();
  return Buffer.concat(pieces).toString();
}

/** The target; see the head of this file. */
export function http(): Promise<Target> {
  const routes = allRoutes({ version: "" }).filter((each) => !consoleRoutes.includes(each));
  const requests = new HttpRequests(routes, "cluster-of-tests-12345");
  const generate = (random: Random, kept: readonly Uint8Array[]): Uint8Array =>
    kept.length > 0 && random.below(3) === 0
      ? mutated(oneOf(random, kept), random, kept)
      : requests.any(random);
  return Promise.resolve({
    name: "http",
    inputsPerSubject: 300,
    allocatedBytesMax: 16 * 1024 * 1024,
    *systematic() {},
    generate,
    open: () => HttpSubject.open(),
  });
}
