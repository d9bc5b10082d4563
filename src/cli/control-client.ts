/**
 * The topics of a data directory, for commands. If a broker owns the directory, it is asked over
 * its control socket; otherwise this process becomes its broker for a moment. Either way the
 * questions are requests and `http/control.ts` answers them, so both are one path.
 */
import fs from "node:fs/promises";
import nodePath from "node:path";
import { Refusal } from "../base/refusal.ts";
import type { NewTopic } from "../broker/broker.ts";
import { topicConfigDefault } from "../broker/topic-config.ts";
import { topicNameFault } from "../broker/topic-name.ts";
import { LockHeld } from "../disk/lock.ts";
import { handleControl, type TopicSummary } from "../http/control.ts";
import {
  cacheBytesMin,
  controlAnswerMsMax,
  controlSocketMsMax,
  diskReserveBytesDefault,
  unixSocketPathBytesMax,
} from "../limits.ts";
import { controlSocketName, type HomeOptions, metadataFileName, openHome } from "../server.ts";
import type { World } from "./command.ts";
import { openLog } from "./log.ts";

/** Why something was not done, as one sentence. */
export class ControlFailure {
  constructor(
    readonly message: string,
    /** Of a refusal: its code, as in `base/refusal.ts`. A newer broker may have more of them. */
    readonly code: string | null = null,
  ) {}
}

/** Who answers requests. */
interface Answerer {
  ask(request: ControlRequest): Promise<ControlAnswer | ControlFailure>;
  close(): Promise<void>;
}

interface ControlRequest {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly body?: string;
}

interface ControlAnswer {
  readonly status: number;
  readonly text: string;
}

/** Which directory, and whether it is made if it is missing. */
export interface ControlTarget {
  readonly data: string;
  readonly mayMake: boolean;
}

/**
 * Does `action` with the topics of a directory, and lets go of it afterwards. A directory that
 * holds no broker's data is only written to if it may be made.
 */
export async function withTopics<T>(
  target: ControlTarget,
  world: Pick<World, "clock" | "stderr">,
  action: (topics: TopicsClient) => Promise<T>,
): Promise<T | ControlFailure> {
  const answerer = await openAnswerer(target, world);
  if (answerer instanceof ControlFailure) return answerer;
  try {
    return await action(new TopicsClient(answerer));
  } finally {
    await answerer.close();
  }
}

/** What can be asked about topics. */
export class TopicsClient {
  constructor(private readonly answerer: Answerer) {}

  /** All of them, by name. */
  async list(): Promise<readonly TopicSummary[] | ControlFailure> {
    const body = await this.#ask({ method: "GET", path: "/topics" });
    if (body instanceof ControlFailure) return body;
    return Array.isArray(body) && body.every(isTopicSummary) ? body : strange();
  }

  async describe(name: string): Promise<TopicSummary | ControlFailure> {
    const path = pathOf(name);
    return path instanceof ControlFailure
      ? path
      : summaryOf(await this.#ask({ method: "GET", path }));
  }

  async create(wanted: NewTopic): Promise<TopicSummary | ControlFailure> {
    const body = JSON.stringify(wanted);
    return summaryOf(await this.#ask({ method: "POST", path: "/topics", body }));
  }

  async delete(name: string): Promise<ControlFailure | null> {
    const path = pathOf(name);
    if (path instanceof ControlFailure) return path;
    const body = await this.#ask({ method: "DELETE", path });
    return body instanceof ControlFailure ? body : null;
  }

  /** The body of an answer: JSON, or nothing. */
  async #ask(request: ControlRequest): Promise<unknown> {
    const answer = await this.answerer.ask(request);
    if (answer instanceof ControlFailure) return answer;
    let body: unknown = null;
    try {
      body = answer.text === "" ? null : JSON.parse(answer.text);
    } catch (error) {
      if (error instanceof SyntaxError) return strange();
      throw error;
    }
    if (answer.status < 400) return body;
    if (!isObject(body)) return strange();
    const { message, code } = body;
    if (typeof message !== "string") return strange();
    return new ControlFailure(message, typeof code === "string" ? code : null);
  }
}

const strange = (): ControlFailure =>
  new ControlFailure("the broker's answer is not understood: is it of another version?");

/** A name that no topic can have is refused here: some of them would make another path. */
function pathOf(name: string): string | ControlFailure {
  const fault = topicNameFault(name);
  return fault === null ? `/topics/${name}` : new ControlFailure(fault.message, fault.code);
}

function summaryOf(body: unknown): TopicSummary | ControlFailure {
  if (body instanceof ControlFailure) return body;
  return isTopicSummary(body) ? body : strange();
}

/** The broker may be of another version than this command. */
function isTopicSummary(value: unknown): value is TopicSummary {
  if (!isObject(value) || !isObject(value["config"]) || !Array.isArray(value["partitions"])) {
    return false;
  }
  const texts = [value["name"], value["id"], ...Object.values(value["config"])];
  return texts.every((text) => typeof text === "string") && value["partitions"].every(isPartition);
}

const isPartition = (value: unknown): boolean =>
  isObject(value) &&
  ["partition", "startOffset", "endOffset", "records", "bytes"].every((name) =>
    Number.isInteger(value[name]),
  );

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;

async function openAnswerer(
  target: ControlTarget,
  world: Pick<World, "clock" | "stderr">,
): Promise<Answerer | ControlFailure> {
  const { clock } = world;
  const objection = target.mayMake ? null : await objectionTo(target.data);
  if (objection !== null) return objection;
  const deadline = clock.monotonic() + controlSocketMsMax;
  for (;;) {
    const home = await openHome(homeOptions(target.data), openLog(world, "warn", "text"));
    if (home instanceof Refusal) return new ControlFailure(home.message, home.code);
    if (!(home instanceof LockHeld)) {
      const { broker } = home;
      return {
        async ask({ path, ...rest }) {
          const answer = await handleControl(broker, new Request(urlOf(path), rest));
          return { status: answer.status, text: await answer.text() };
        },
        close: () => home.close(),
      };
    }
    const socket = shortest(nodePath.join(target.data, controlSocketName));
    if (Buffer.byteLength(socket) > unixSocketPathBytesMax) {
      return new ControlFailure(`${home}; the path of its control socket is too long: ${socket}`);
    }
    const silence = await whySilent(socket);
    if (silence === null) return remoteAnswerer(socket, home);
    if (clock.monotonic() >= deadline)
      return new ControlFailure(`${home}; it can't be asked: ${silence}`);
    await new Promise<void>((resolve) => clock.after(retryMs, resolve));
  }
}

/** Between two looks at a broker that starts or stops. */
const retryMs = 50;

/** Why a directory is not looked into; `null` if it holds a broker's data. */
async function objectionTo(data: string): Promise<ControlFailure | null> {
  for (const [path, missing] of [
    [data, `there is no directory ${data}`],
    [nodePath.join(data, metadataFileName), `${data} holds no data of a broker`],
  ] as const) {
    const code = await statCode(path);
    if (code === "ENOENT" || code === "ENOTDIR") return new ControlFailure(missing);
    if (code !== null) return new ControlFailure(`${data} can't be read: ${code}`);
  }
  return null;
}

/** The system's code for why a path can't be looked at; `null` if it can. */
async function statCode(path: string): Promise<string | null> {
  try {
    await fs.stat(path);
    return null;
  } catch (error) {
    if (error instanceof Error && "code" in error) return String(error.code);
    throw error;
  }
}

/** Nothing is appended, so what concerns records has no effect. */
const homeOptions = (data: string): HomeOptions => ({
  data,
  fsync: topicConfigDefault.values.fsync,
  lingerMs: 0,
  partitions: 1,
  autoCreateTopics: false,
  cacheBytes: cacheBytesMin,
  segmentBytes: topicConfigDefault.values["segment.bytes"],
  segmentMs: topicConfigDefault.values["segment.ms"],
  diskReserveBytes: diskReserveBytesDefault,
});

/** The host is never looked up. */
const urlOf = (path: string): string => `http://obelisk${path}`;

/** A socket's path has a short limit: the broker's may have been relative, and so may this one. */
function shortest(path: string): string {
  const ways = [path, nodePath.resolve(path), nodePath.relative(".", path)];
  return ways.reduce((best, way) => (way.length < best.length ? way : best));
}

/** Why nobody listens on a socket; `null` if somebody does. */
async function whySilent(socket: string): Promise<string | null> {
  try {
    const connection = await Bun.connect({ unix: socket, socket: { data: () => {} } });
    connection.end();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Asks the broker that owns the directory. */
function remoteAnswerer(socket: string, owner: LockHeld): Answerer {
  return {
    close: async () => {},
    async ask({ path, ...rest }) {
      try {
        const signal = AbortSignal.timeout(controlAnswerMsMax);
        const answer = await fetch(urlOf(path), { ...rest, unix: socket, signal });
        return { status: answer.status, text: await answer.text() };
      } catch (error) {
        if (!(error instanceof Error)) throw error;
        const fate = rest.method === "GET" ? "" : "; it may have been done all the same";
        return new ControlFailure(`${owner}, which did not answer: ${error.message}${fate}`);
      }
    },
  };
}
