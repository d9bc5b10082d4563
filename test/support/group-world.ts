/** A broker with a topic of three partitions, and groups that have read some of it. */
import { Consumer } from "../../src/client/kafka/consumer.ts";
import { AdminWorld } from "./admin-world.ts";
import { type Called, call } from "./call.ts";

/** See the head of this file. */
export class GroupWorld implements AsyncDisposable {
  readonly #consumers: Consumer[] = [];

  private constructor(readonly inner: AdminWorld) {}

  /** `orders` has 10, 20 and 0 records; the group `readers` has committed 4 and 20. */
  static async open(): Promise<GroupWorld> {
    const world = new GroupWorld(await AdminWorld.open());
    const { admin } = world.inner;
    await admin.createTopics([{ name: "orders", partitionCount: 3 }]);
    await world.inner.append("orders", 0, { first: 0, count: 10 });
    await world.inner.append("orders", 1, { first: 0, count: 20 });
    await world.commit("readers", [4, 20]);
    return world;
  }

  get data(): string {
    return this.inner.server.data;
  }

  /** Commits an offset for each of the first partitions of `orders`. */
  async commit(groupId: string, offsets: readonly number[]): Promise<void> {
    const commitments = offsets.map((offset, partition) => ({
      topic: "orders",
      partition,
      offset,
    }));
    const outcomes = await this.inner.admin.alterOffsets(groupId, commitments);
    const failed = outcomes.find(({ error }) => error !== null);
    if (failed?.error) throw failed.error;
  }

  /** What the group has committed for each partition. */
  async committed(groupId: string): Promise<Record<string, number | null>> {
    const rows = await this.inner.admin.committedOffsets(groupId);
    return Object.fromEntries(rows.map((row) => [`${row.topic}/${row.partition}`, row.offset]));
  }

  /** A member of a group that reads all of `orders`. */
  async join(group: string): Promise<Consumer> {
    const brokers = [this.inner.server.kafkaAddress];
    const consumer = await Consumer.open({ brokers, group, topics: ["orders"], clientId: "app" });
    this.#consumers.push(consumer);
    let isStable = false;
    while (!isStable) {
      await consumer.poll();
      const [described] = await this.inner.admin.describeGroups([group]);
      isStable = described?.members.some(({ assignment }) => assignment?.length === 3) ?? false;
    }
    return consumer;
  }

  /** Runs a command on the data directory. */
  call(...args: readonly string[]): Promise<Called> {
    return call([...args, "--data", this.data]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const consumer of this.#consumers) await consumer.close();
    await this.inner[Symbol.asyncDispose]();
  }
}
