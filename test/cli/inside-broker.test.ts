import type { Memory } from "../../src/base/memory.ts";
import { describe, expect, test } from "bun:test";
import { ClusterFailure } from "../../src/cli/cluster-failure.ts";
import { dialInside, openInside } from "../../src/cli/inside-broker.ts";
import { Cluster } from "../../src/client/kafka/cluster.ts";
import { systemWorld } from "../../src/client/kafka/client-world.ts";
import { Producer } from "../../src/client/kafka/producer.ts";
import type { SocketEvents } from "../../src/client/socket.ts";
import { LockHeld } from "../../src/disk/lock.ts";
import { apis } from "../../src/kafka/apis.ts";
import type { Protocol } from "../../src/net/connection.ts";
import { Network } from "../../src/net/network.ts";
import type { Link, Session } from "../../src/net/session.ts";
import { ManualClock } from "../fake/clock.ts";
import { MemoryLogger } from "../fake/logger.ts";
import { MemoryWorld } from "../fake/world.ts";
import { TestServer } from "../support/server.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { turns } from "../support/until.ts";

describe("a broker inside", () => {
  test("keeps what it is sent, and gives the directory free", async () => {
    using directory = temporaryDirectory();
    for (const expected of ["0", "1"]) {
      const inside = await openInside(directory.path, new MemoryWorld());
      if (!("dial" in inside)) throw new Error(String(inside));
      const world = { ...systemWorld, dial: inside.dial };
      const cluster = await Cluster.open({ brokers: ["inside:1"] }, world);
      const producer = await Producer.open({ cluster });
      const stored = await producer.send({ topic: "orders", value: "hello" });
      expect(String(stored.offset)).toBe(expected);
      await producer.close();
      await cluster.close();
      await inside.close();
    }
  });

  test("takes what is larger than any buffer", async () => {
    using directory = temporaryDirectory();
    const inside = await openInside(directory.path, new MemoryWorld());
    if (!("dial" in inside)) throw new Error(String(inside));
    const world = { ...systemWorld, dial: inside.dial };
    const cluster = await Cluster.open({ brokers: ["inside:1"] }, world);
    // Some hundred thousand bytes there, and some back.
    const names = Array.from({ length: 5_000 }, (_, at) => ({
      topicId: "00000000-0000-0000-0000-000000000000",
      name: `${"a-topic-that-is-not-there-".repeat(3)}${at}`,
    }));
    const answer = await cluster.send("any", apis.Metadata, {
      topics: names,
      allowAutoTopicCreation: false,
      includeClusterAuthorizedOperations: false,
      includeTopicAuthorizedOperations: false,
    });
    expect(answer.topics).toHaveLength(names.length);
    await cluster.close();
    await inside.close();
  });

  test("is none where another process has the directory", async () => {
    await using server = await TestServer.start();
    expect(await openInside(server.data, new MemoryWorld())).toBeInstanceOf(LockHeld);
  });

  test("is none where the directory can't be used", async () => {
    expect(await openInside("/dev/null", new MemoryWorld())).toBeInstanceOf(ClusterFailure);
  });
});

/** Says again what it hears, and keeps the words of its end. */
class Echo implements Session {
  isClosed = false;

  constructor(readonly link: Link) {}

  frame({ bytes }: Memory, start: number, end: number): void {
    this.link.send(bytes.slice(start, end));
  }
  emptyFrame(): void {
    this.link.close("an empty frame");
  }
  oversizedFrame(): void {
    this.link.close("too large");
  }
  received(): void {}
  finish(): void {}
  closed(): void {
    this.isClosed = true;
  }
}

class World implements SocketEvents {
  readonly told: string[] = [];
  readonly clock = new ManualClock();
  readonly network = new Network({ clock: this.clock, logger: new MemoryLogger() });
  session: Echo | null = null;
  readonly protocol: Protocol = {
    framing: { littleEndian: false, payloadBytesMax: 1024 },
    open: (link) => (this.session = new Echo(link)),
  };
  readonly socket = dialInside(this.protocol, this.network)("any.host", 1, this);

  opened(): void {
    this.told.push("opened");
  }
  received(chunk: Uint8Array): void {
    this.told.push(Buffer.from(chunk).toString());
  }
  writable(): void {
    this.told.push("writable");
  }
  closed(reason: string): void {
    this.told.push(`closed: ${reason}`);
  }

  /** Writes a frame; how many bytes were taken. */
  say(text: string): number {
    const bytes = Buffer.from(`\0\0\0${String.fromCharCode(text.length)}${text}`, "latin1");
    const taken = this.socket.write(bytes, 0, bytes.length);
    // What was written is no longer the socket's to read.
    bytes.fill(0);
    return taken;
  }
}

describe("a connection inside", () => {
  test("opens after the call, and carries bytes both ways in their order", async () => {
    const world = new World();
    expect(world.told).toEqual([]);
    expect(world.say("one")).toBe(7);
    expect(world.say("two")).toBe(7);
    expect(world.told).toEqual([]);
    await turns(1);
    expect(world.told.join(" ")).toMatch(/^opened one ?two$/);
    expect(world.session?.link).toMatchObject({ local: { host: "unix", port: 1 } });
  });

  test("that the broker closes still brings what was said before, and then its end", async () => {
    const world = new World();
    world.say("one");
    world.say("");
    await turns(1);
    expect(world.told).toEqual(["opened", "one", "closed: closed by the server"]);
    expect(world.say("two")).toBe(-1);
    expect(world.session?.isClosed).toBeTrue();
    expect(world.network.open).toBe(0);
  });

  test("that the client ends has delivered what was written", async () => {
    const world = new World();
    const heard: string[] = [];
    await turns(1);
    const { session } = world;
    if (session === null) throw new Error("there is no session");
    session.frame = ({ bytes }, start, end) =>
      void heard.push(Buffer.from(bytes.subarray(start, end)).toString());
    world.say("last");
    world.socket.end();
    world.socket.end();
    expect(world.told).toEqual(["opened", "closed: closed by the client"]);
    await turns(1);
    expect(heard).toEqual(["last"]);
    expect(session.isClosed).toBeTrue();
    expect(world.network.open).toBe(0);
  });

  test("takes nothing while the broker reads no further, and says when it does again", async () => {
    const world = new World();
    await turns(1);
    world.session?.link.hold(true);
    expect(world.say("one")).toBe(0);
    world.session?.link.hold(false);
    await turns(1);
    expect(world.told).toEqual(["opened", "writable"]);
    expect(world.say("one")).toBe(7);
    await turns(1);
    expect(world.told.at(-1)).toBe("one");
  });
});
