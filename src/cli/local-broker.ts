/**
 * The broker of a data directory, for commands. If one runs there, the way to it is the Unix socket
 * in the directory; otherwise this process becomes the broker for a moment. Either way Kafka's
 * protocol is spoken, so both are one path.
 */
import fs from "node:fs/promises";
import nodePath from "node:path";
import type { ClientError, ClientErrorCode } from "../client/kafka/client-error.ts";
import { type Dial, dialUnix } from "../client/socket.ts";
import { controlSocketName, metadataFileName } from "../disk/names.ts";
import { controlSocketMsMax, unixSocketPathBytesMax } from "../limits.ts";
import { unaddressed } from "../net/session.ts";
import { addressText } from "./broker-address.ts";
import { ClusterFailure } from "./cluster-failure.ts";
import type { World } from "./command.ts";

/** Which directory, and whether it is made if it is missing. */
export interface LocalTarget {
  readonly data: string;
  readonly mayMake: boolean;
}

/** A way to the broker, which is all there is of its cluster. */
export interface LocalBroker {
  readonly dial: Dial;
  /** What the way begins with; the dial goes to the one broker whatever it is. */
  readonly brokers: readonly string[];
  /** What an error on this way means. */
  readonly sentence: (error: ClientError) => string;
  /** Lets go of the directory. */
  readonly close: () => Promise<void>;
}

/** Between two looks at a broker that starts or stops. */
const retryMs = 50;
/** The broker's host and port, as it tells them to whoever has come by its socket. */
const brokers = [addressText(unaddressed)];

/** A directory that holds no broker's data is only written to if it may be made. */
export async function openLocalBroker(
  { data, mayMake }: LocalTarget,
  world: Pick<World, "clock" | "stderr">,
): Promise<LocalBroker | ClusterFailure> {
  const { clock } = world;
  const objection = mayMake ? null : await objectionTo(data);
  if (objection !== null) return objection;
  const socket = shortest(nodePath.join(data, controlSocketName));
  const isReachable = Buffer.byteLength(socket) <= unixSocketPathBytesMax;
  const deadline = clock.monotonic() + controlSocketMsMax;
  for (;;) {
    const silence = isReachable ? await whySilent(socket) : "the path of its socket is too long";
    if (silence === null) return runningBroker(data, socket);
    const { openInside } = await import("./inside-broker.ts");
    const inside = await openInside(data, world);
    if (inside instanceof ClusterFailure) return inside;
    if ("dial" in inside) return { ...inside, brokers, sentence: insideSentence };
    if (!isReachable || clock.monotonic() >= deadline) {
      return new ClusterFailure(`${inside}; it can't be asked: ${silence}: ${socket}`);
    }
    await new Promise<void>((resolve) => clock.after(retryMs, resolve));
  }
}

function runningBroker(data: string, socket: string): LocalBroker {
  return {
    dial: dialUnix(socket),
    brokers,
    sentence({ code, message }) {
      if (code === "MALFORMED") {
        return `the answer of the broker of ${data} is not understood: is it of another version?`;
      }
      const isSilent = code === "NETWORK" || code === "TIMED_OUT";
      return isSilent ? `the broker of ${data} did not answer: ${message}` : message;
    },
    close: () => Promise.resolve(),
  };
}

const memberCodes: readonly ClientErrorCode[] = ["NON_EMPTY_GROUP", "GROUP_SUBSCRIBED_TO_TOPIC"];

/** Members are those that the group had when its broker stopped. */
function insideSentence({ code, message }: ClientError): string {
  if (!memberCodes.includes(code)) return message;
  return (
    `${message}; no broker runs here that would notice that members are gone: start one ` +
    "(obelisk serve), and try again once the group is empty"
  );
}

/** Why a directory is not looked into; `null` if it holds a broker's data. */
async function objectionTo(data: string): Promise<ClusterFailure | null> {
  for (const [path, missing] of [
    [data, `there is no directory ${data}`],
    [nodePath.join(data, metadataFileName), `${data} holds no data of a broker`],
  ] as const) {
    const code = await statCode(path);
    if (code === "ENOENT" || code === "ENOTDIR") return new ClusterFailure(missing);
    if (code !== null) return new ClusterFailure(`${data} can't be read: ${code}`);
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
