/**
 * The cluster that a command speaks with, over Kafka's protocol: any Kafka or Obelisk over TCP
 * (`--broker`), or the broker of a data directory (`--data`): the one that runs there, over its
 * socket, and if none runs, this very process (`local-broker.ts`). Options, opening, and errors as
 * sentences; commands bring what they ask.
 *
 * The client and all behind it are loaded when a cluster is opened: help needs none of it.
 */
import { printable } from "../base/printable.ts";
import type { Admin } from "../client/kafka/admin.ts";
import type { ClientError } from "../client/kafka/client-error.ts";
import type { Cluster, ClusterOptions } from "../client/kafka/cluster.ts";
import type { ClientWorld } from "../client/kafka/client-world.ts";
import type { Dial } from "../client/socket.ts";
import {
  clientConnectMsMax,
  clientRequestMsMax,
  failureCharactersMax,
  kafkaTimeoutMsMax,
} from "../limits.ts";
import { brokerOptions } from "../options.ts";
import { addressText, brokerAddresses } from "./broker-address.ts";
import { ClusterFailure } from "./cluster-failure.ts";
import type { World } from "./command.ts";
import type { Values } from "./option.ts";
import { duration, text } from "./option-kinds.ts";

/** In the table of each command that speaks with a cluster. */
export const clusterOptions = {
  broker: brokerAddresses({
    short: "b",
    default: null,
    help: "Brokers to ask, of Obelisk or any Kafka; left out: the broker of --data",
  }),
  data: text({
    default: brokerOptions.data.fallback ?? "",
    placeholder: "<directory>",
    help: "Data directory; the broker that runs there is asked, and if none runs, its files",
  }),
  clientId: text({
    default: "obelisk",
    placeholder: "<name>",
    help: "What brokers call this client in their logs",
  }),
  requestTimeoutMs: duration({
    name: "request-timeout",
    default: clientRequestMsMax,
    min: 1,
    max: kafkaTimeoutMsMax,
    help: "How long a broker may take to answer; what fails is tried again for twice as long",
  }),
};

/** Whom to speak with, and how. */
export interface ClusterTarget extends Values<typeof clusterOptions> {
  /** Whether a data directory is made if it is missing. */
  readonly mayMake?: boolean;
  /** Sees the connections to {@link ClusterTarget.broker}. */
  readonly watch?: (dial: Dial) => Dial;
}

/** A cluster that is open. */
export interface OpenCluster {
  readonly cluster: Cluster;
  /** What an error of it means, as a sentence that names whom it is about. */
  failureOf(error: ClientError): ClusterFailure;
  close(): Promise<void>;
}

/** Connects. The directory of {@link ClusterTarget.data} is only looked at without brokers. */
export async function openCluster(
  target: ClusterTarget,
  world: Pick<World, "clock" | "stderr">,
): Promise<OpenCluster | ClusterFailure> {
  const { systemWorld } = await import("../client/kafka/client-world.ts");
  if (target.broker !== null) {
    const brokers = target.broker.map(addressText);
    const dial = target.watch?.(systemWorld.dial) ?? systemWorld.dial;
    return await connect(target, { ...remote, brokers, world: { ...systemWorld, dial } });
  }
  const { openLocalBroker } = await import("./local-broker.ts");
  const mayMake = target.mayMake ?? false;
  const local = await openLocalBroker({ data: target.data, mayMake }, world);
  if (local instanceof ClusterFailure) return local;
  const { dial, ...way } = local;
  return await connect(target, { ...way, world: { ...systemWorld, dial } });
}

/** A way to a cluster. */
interface Way extends Pick<ClusterOptions, "brokers"> {
  readonly world: ClientWorld;
  readonly sentence: (error: ClientError) => string;
  readonly close: () => Promise<void>;
}

const remote = {
  sentence: ({ message }: ClientError): string => message,
  close: () => Promise.resolve(),
};

async function connect(target: ClusterTarget, way: Way): Promise<OpenCluster | ClusterFailure> {
  const [{ Cluster: ClusterClass }, { ClientError: ClientErrorClass }] = await Promise.all([
    import("../client/kafka/cluster.ts"),
    import("../client/kafka/client-error.ts"),
  ]);
  const { clientId, requestTimeoutMs } = target;
  const connectTimeoutMs = Math.min(requestTimeoutMs, clientConnectMsMax);
  const options = { brokers: way.brokers, clientId, requestTimeoutMs, connectTimeoutMs };
  const failureOf = (error: ClientError): ClusterFailure =>
    // A broker's words may be anybody's.
    new ClusterFailure(printable(way.sentence(error), failureCharactersMax), error.code);
  try {
    const cluster = await ClusterClass.open(options, way.world);
    const close = async (): Promise<void> => {
      await cluster.close();
      await way.close();
    };
    return { cluster, failureOf, close };
  } catch (error) {
    await way.close();
    if (error instanceof ClientErrorClass) return failureOf(error);
    throw error;
  }
}

/** What commands that change something say of a change that failed, as a sentence. */
export function notDone(open: OpenCluster, error: ClientError): string {
  const isUnclear = error.code === "NETWORK" || error.code === "TIMED_OUT";
  const { message } = open.failureOf(error);
  return isUnclear ? `${message}; it may have been done all the same` : message;
}

/** What commands about topics and groups work with. */
export interface OpenAdmin extends OpenCluster {
  readonly admin: Admin;
}

/**
 * Does `action` with an administrator, and disconnects afterwards. What the client throws is the
 * failure.
 */
export async function withAdmin<T>(
  target: ClusterTarget,
  world: Pick<World, "clock" | "stderr">,
  action: (open: OpenAdmin) => Promise<T>,
): Promise<T | ClusterFailure> {
  const open = await openCluster(target, world);
  if (open instanceof ClusterFailure) return open;
  const [{ Admin: AdminClass }, { ClientError: ClientErrorClass }] = await Promise.all([
    import("../client/kafka/admin.ts"),
    import("../client/kafka/client-error.ts"),
  ]);
  try {
    const timeoutMs = 2 * target.requestTimeoutMs;
    const admin = await AdminClass.open({ cluster: open.cluster, timeoutMs });
    return await action({ ...open, admin });
  } catch (error) {
    if (error instanceof ClientErrorClass) return open.failureOf(error);
    throw error;
  } finally {
    await open.close();
  }
}
