import { afterEach, describe, expect, test } from "bun:test";
import { Refusal } from "../../src/base/refusal.ts";
import type { Broker } from "../../src/broker/broker.ts";
import { nativeBuildersIdleMax, nativeFrameBytesMax } from "../../src/limits.ts";
import { encodeFrame } from "../../src/native/frame.ts";
import { NativeProtocol } from "../../src/native/protocol.ts";
import { ListenFailure } from "../../src/base/listen-failure.ts";
import { listen, type Listener } from "../../src/net/listener.ts";
import { Network } from "../../src/net/network.ts";
import { ManualClock } from "../fake/clock.ts";
import { MemoryLogger } from "../fake/logger.ts";
import { bytesOf, textBytes } from "../support/hex.ts";
import { Peer } from "../support/peer.ts";
import { turns, until } from "../support/until.ts";
import { FakeBroker } from "./fake-broker.ts";

/** The frame of the original that PROTOCOL.md works through. */
const workedFrame = bytesOf(`
  39000000 d8a07c9e61f75918 07000000 746f7069632d30 0b000000 62617463682d7573657230
  13000000 53697a652074657374206d6573736167652030`);

/** The protocol on a real port, with a broker in the test's hand. */
class World {
  readonly clock = new ManualClock();
  readonly logger = new MemoryLogger();
  readonly network = new Network({ clock: this.clock, logger: this.logger });
  readonly broker = new FakeBroker();
  readonly protocol = new NativeProtocol(this.broker as unknown as Broker, this.clock);
  readonly listener: Listener;

  constructor() {
    const { network, protocol } = this;
    const place = { hostname: "127.0.0.1", port: 0 };
    const listener = listen({ name: "native", place, network, protocol });
    if (listener instanceof ListenFailure) throw new Error(listener.message);
    this.listener = listener;
    listeners.push(this);
  }

  connect(): Promise<Peer> {
    return Peer.connect(Number(this.listener.address.split(":").at(-1)));
  }
}

const listeners: World[] = [];
afterEach(async () => {
  for (const { listener, clock } of listeners.splice(0)) {
    const stopped = listener.stop(1);
    clock.advance(1);
    await stopped;
  }
});

function frame(value: string, topic = "orders"): Uint8Array {
  return encodeFrame({
    timestamp: 1,
    nanoseconds: 0,
    topic: textBytes(topic),
    key: new Uint8Array(0),
    value: textBytes(value),
  });
}

describe("on a real socket", () => {
  test("the original's own frame is stored and acknowledged", async () => {
    const world = new World();
    const { broker } = world;
    broker.has("topic-0").commitsAtOnce = true;
    const peer = await world.connect();
    peer.send(workedFrame);
    await peer.receives("OK\n");
    expect(peer.text).toBe("OK\n");
    expect(broker.batches).toMatchObject([
      {
        topic: "topic-0",
        records: ["batch-user0=Size test message 0"],
        timestamps: [Date.parse("2025-08-09T02:12:08.480Z")],
        nanoseconds: [375_000],
      },
    ]);
  });

  test("frames that come byte by byte are frames all the same", async () => {
    const world = new World();
    const { broker } = world;
    broker.has("topic-0").commitsAtOnce = true;
    const peer = await world.connect();
    for (const byte of workedFrame) {
      peer.send(Uint8Array.of(byte));
      await turns(1);
    }
    await peer.receives("OK\n");
    expect(broker.batches).toHaveLength(1);
  });

  test("no reply comes before the commit, whatever comes meanwhile", async () => {
    const world = new World();
    const { broker } = world;
    broker.has("orders");
    const peer = await world.connect();
    peer.send(frame("a"));
    await until(() => broker.batches.length === 1);
    peer.send(Buffer.concat([new Uint8Array(4), frame("b")]));
    await until(() => broker.batches.length === 2);
    broker.batches[1]!.commit();
    await turns(10);
    expect(peer.text).toBe("");
    broker.batches[0]!.commit();
    await peer.receives("OK\nNACK:CORRUPTED\nOK\n");
    expect(peer.text).toBe("OK\nNACK:CORRUPTED\nOK\n");
  });

  test("a frame over 10 MiB is refused after the replies before it, then the connection ends", async () => {
    const world = new World();
    world.broker.has("orders").commitsAtOnce = true;
    const peer = await world.connect();
    const tooLong = new Uint8Array(4);
    new DataView(tooLong.buffer).setUint32(0, nativeFrameBytesMax + 1, true);
    peer.send(Buffer.concat([frame("a"), tooLong, frame("never read")]));
    await until(() => peer.ended);
    expect(peer.text).toBe("OK\nNACK:PROTOCOL_ERROR\n");
    peer.finish();
    await until(() => peer.closed);
    expect(world.broker.batches).toHaveLength(1);
  });

  test("a full disk refuses, and the next frame may be stored again", async () => {
    const world = new World();
    const { broker } = world;
    broker.has("orders").commitsAtOnce = true;
    broker.refusals.push(new Refusal("DISK_FULL", "no space left"));
    const peer = await world.connect();
    peer.send(frame("a"));
    await peer.receives("NACK:PUBLISH_FAILED\n");
    peer.send(frame("b"));
    await peer.receives("NACK:PUBLISH_FAILED\nOK\n");
    expect(peer.text).toBe("NACK:PUBLISH_FAILED\nOK\n");
  });

  test("a peer that sends its FIN with its last frame gets its replies", async () => {
    const world = new World();
    const { broker } = world;
    broker.has("orders");
    const peer = await world.connect();
    peer.send(Buffer.concat([frame("a"), frame("b")]));
    peer.finish();
    await until(() => broker.batches.length === 1);
    await turns(10);
    broker.batches[0]!.commit();
    await until(() => peer.closed);
    expect(peer.text).toBe("OK\nOK\n");
  });

  test("stopping the server answers what was taken, and drops what comes after", async () => {
    const world = new World();
    world.broker.has("orders");
    const peer = await world.connect();
    peer.send(frame("a"));
    await until(() => world.broker.batches.length === 1);
    const stopped = world.listener.stop(1000);
    peer.send(frame("too late"));
    await turns(10);
    world.broker.batches[0]!.commit();
    await until(() => peer.ended);
    expect(peer.text).toBe("OK\n");
    expect(world.broker.batches).toHaveLength(1);
    peer.finish();
    await stopped;
  });

  test("a producer that the broker can't follow is stopped, and goes on when it can", async () => {
    const world = new World();
    world.broker.has("orders");
    const peer = await world.connect();
    const large = frame("x".repeat(1024 * 1024));
    const count = 48;
    for (let sent = 0; sent < count; sent++) peer.send(large);
    await until(() => world.network.stats.pauses === 1);
    await turns(50);
    const taken = world.broker.batches.length;
    expect(taken).toBeLessThan(count);
    expect(world.network.budget.used).toBeLessThan(36 * 1024 * 1024);
    world.broker.commitsAtOnce = true;
    for (const batch of world.broker.batches) batch.commit();
    await peer.receives("OK\n".repeat(count));
    expect(peer.text).toBe("OK\n".repeat(count));
    expect(world.network.budget.used).toBe(0);
  });
});

test("builders that were given back are used again, and no more are kept than the limit", () => {
  const { protocol } = new World();
  const builders = Array.from({ length: nativeBuildersIdleMax + 5 }, () => protocol.takeBuilder());
  for (const builder of builders) protocol.giveBuilder(builder);
  const again = Array.from({ length: nativeBuildersIdleMax + 5 }, () => protocol.takeBuilder());
  expect(again.filter((builder) => builders.includes(builder))).toHaveLength(nativeBuildersIdleMax);
});
