/** Admins for tests: of a real broker in this process, and of brokers that are made up. */
import { Admin } from "../../src/client/kafka/admin.ts";
import { AdminCalls } from "../../src/client/kafka/admin-calls.ts";
import type { ClientError } from "../../src/client/kafka/client-error.ts";
import { Cluster } from "../../src/client/kafka/cluster.ts";
import { FakeNetwork } from "../fake/kafka-network.ts";
import { batchOf, type BatchShape } from "./batches.ts";
import { unwrap } from "./log-world.ts";
import { TestServer } from "./server.ts";

/** What went wrong with each item; `null`: nothing. */
export const codesOf = (
  outcomes: readonly { readonly error: ClientError | null }[],
): (string | null)[] => outcomes.map(({ error }) => error?.code ?? null);

/** A real broker, its admin, and a cluster for whatever an admin does not do. */
export class AdminWorld implements AsyncDisposable {
  private constructor(
    readonly server: TestServer,
    readonly cluster: Cluster,
    readonly admin: Admin,
  ) {}

  static async open(): Promise<AdminWorld> {
    const server = await TestServer.start("--group-initial-rebalance-delay-ms", "0");
    const cluster = await Cluster.open({ brokers: [server.kafkaAddress] });
    return new AdminWorld(server, cluster, await Admin.open({ cluster }));
  }

  /** Puts a batch into a partition. */
  async append(topic: string, partition: number, shape: BatchShape): Promise<void> {
    const found = this.server.server.broker.topic(topic)?.partitions[partition];
    if (found === undefined) throw new Error(`there is no ${topic}/${partition}`);
    unwrap(await found.produce(batchOf(shape)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cluster.close();
    await this.server[Symbol.asyncDispose]();
  }
}

/** Two brokers that are made up; each topic has one partition, and `leaders` says who leads it. */
export class FakeAdminWorld implements AsyncDisposable {
  readonly network = new FakeNetwork();
  readonly one = this.network.broker("one:9092");
  readonly two = this.network.broker("two:9092");
  readonly leaders = new Map<string, number>([["orders", 2]]);
  controllerId = 1;
  coordinatorId = 1;
  cluster!: Cluster;
  calls!: AdminCalls;

  static async open(timeoutMs = 10_000): Promise<FakeAdminWorld> {
    const world = new FakeAdminWorld();
    for (const broker of [world.one, world.two]) {
      broker.on("Metadata", ({ topics }) => ({
        ...world.network.metadata(),
        controllerId: world.controllerId,
        topics: (topics ?? []).map(({ name }) => {
          const leaderId = world.leaders.get(name ?? "");
          const partitions = [{ partitionIndex: 0, leaderId: leaderId ?? -1 }];
          return leaderId === undefined ? { name, errorCode: 3 } : { name, partitions };
        }),
      }));
      broker.on("FindCoordinator", ({ coordinatorKeys: [key = ""] }) => {
        const { nodeId, host, port } = world.coordinatorId === 1 ? world.one : world.two;
        return { coordinators: [{ key, nodeId, host, port }] };
      });
    }
    world.cluster = await Cluster.open({ brokers: ["one:9092"] }, world.network.world);
    world.calls = new AdminCalls(world.cluster, timeoutMs);
    return world;
  }

  /** What a call comes to, with all the time that it takes. */
  async done<T>(call: Promise<T>): Promise<T> {
    let isDone = false;
    const over = call.finally(() => {
      isDone = true;
    });
    // Its rejection is the caller's.
    over.catch(() => {});
    while (!isDone) await this.network.advance(50);
    return await over;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cluster.close();
  }
}
