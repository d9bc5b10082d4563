import { describe, expect, test } from "bun:test";
import { parseAddress } from "../../../src/client/kafka/address.ts";
import { ClientError } from "../../../src/client/kafka/client-error.ts";
import { Nodes } from "../../../src/client/kafka/nodes.ts";
import { Waits } from "../../../src/client/kafka/waits.ts";
import { apis } from "../../../src/kafka/apis.ts";
import { Writer } from "../../../src/wire/writer.ts";
import { FakeNetwork, silence } from "../../fake/kafka-network.ts";

class World {
  readonly network = new FakeNetwork();
  readonly one = this.network.broker("one:9092");
  readonly two = this.network.broker("two:9092");
  readonly nodes: Nodes;

  constructor(...bootstrap: string[]) {
    this.nodes = new Nodes({
      bootstrap: bootstrap.map(parseAddress),
      clientId: "tester",
      connectTimeoutMs: 1_000,
      backoff: { firstMs: 100, longestMs: 1_000 },
      world: this.network.world,
      waits: new Waits(this.network.clock),
      writer: new Writer(),
    });
  }

  /** Connections made to each broker. */
  get made(): number[] {
    return [this.one, this.two].map(({ connections }) => connections.length);
  }
}

const node = (nodeId: number, host: string) => ({ nodeId, host, port: 9092, rack: null });

describe("whoever can be reached", () => {
  test("is the first that answers, and then that one again", async () => {
    const world = new World("nobody:9092", "one:9092", "two:9092");
    const first = await world.nodes.connectAny("");
    expect(await world.nodes.connectAny("")).toBe(first);
    expect(world.made).toEqual([1, 0]);
  });

  test("is somebody else when that one wants a pause", async () => {
    const world = new World("one:9092", "two:9092");
    world.one.on("ListGroups", () => ({ throttleTimeMs: 500 }));
    const first = await world.nodes.connectAny("");
    const second = await world.nodes.connect(node(2, "two"), "");
    await first.send(apis.ListGroups, 5, { statesFilter: [], typesFilter: [] }, 1_000);
    expect(await world.nodes.connectAny("")).toBe(second);
  });

  test("is somebody else when that one is gone", async () => {
    const world = new World("one:9092", "two:9092");
    await world.nodes.connectAny("");
    world.network.remove(world.one);
    await world.nodes.connectAny("");
    expect(world.made).toEqual([1, 1]);
  });

  test("is nobody once everybody was tried", async () => {
    const world = new World("nobody:9092", "no-one:9092");
    const attempt = world.nodes.connectAny("");
    expect(attempt).rejects.toMatchObject({ code: "NETWORK" });
    await attempt.catch(() => {});
  });

  test("may be a node that was learned of, where those that were named are gone", async () => {
    const world = new World("nobody:9092");
    world.nodes.learn([node(2, "two")]);
    await world.nodes.connectAny("");
    expect(world.made).toEqual([0, 1]);
  });
});

describe("lines", () => {
  test("are shared by a node and the address that was named for it", async () => {
    const world = new World("one:9092");
    const named = await world.nodes.connectAny("");
    world.nodes.learn([node(1, "one")]);
    expect(await world.nodes.connect(world.nodes.find(1)!, "")).toBe(named);
    expect(world.made).toEqual([1, 0]);
  });

  test("are one for each lane, and end with it", async () => {
    const world = new World("one:9092");
    const common = await world.nodes.connectAny("");
    const fetch = await world.nodes.connectAny("fetch");
    expect(world.made).toEqual([2, 0]);
    world.nodes.close(new ClientError("CLOSED", "over"), "fetch");
    expect([common.isOpen, fetch.isOpen]).toEqual([true, false]);
    expect((await world.nodes.connectAny("fetch")).isOpen).toBe(true);
    world.nodes.close(new ClientError("CLOSED", "over"));
    expect(common.isOpen).toBe(false);
  });

  test("to a node that has left the cluster are let go, one under way as well", async () => {
    const world = new World("one:9092");
    const staying = await world.nodes.connectAny("");
    world.nodes.learn([node(1, "one"), node(2, "two")]);
    world.two.on("ApiVersions", () => silence);
    const leaving = world.nodes.connect(world.nodes.find(2)!, "");
    await world.network.settle();
    world.nodes.learn([node(1, "one")]);
    expect(leaving).rejects.toMatchObject({
      code: "NETWORK",
      message: "two:9092 is not in the cluster any more",
    });
    await leaving.catch(() => {});
    expect(world.nodes.find(2)).toBeUndefined();
    expect(staying.isOpen).toBe(true);
  });

  test("lead to where a node is now", async () => {
    const world = new World("one:9092");
    world.nodes.learn([node(1, "one")]);
    world.nodes.learnOne(node(1, "two"));
    await world.nodes.connect(world.nodes.find(1)!, "");
    expect(world.made).toEqual([0, 1]);
  });
});
