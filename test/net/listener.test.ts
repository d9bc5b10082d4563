import type { Memory } from "../../src/base/memory.ts";
import { afterEach, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Protocol } from "../../src/net/connection.ts";
import { ListenFailure } from "../../src/base/listen-failure.ts";
import { listen, type Listener, type PortPlace, type UnixPlace } from "../../src/net/listener.ts";
import { Network, type NetworkLimits } from "../../src/net/network.ts";
import type { Link, Session } from "../../src/net/session.ts";
import { ManualClock } from "../fake/clock.ts";
import { MemoryLogger } from "../fake/logger.ts";
import { Peer } from "../support/peer.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { turns, until } from "../support/until.ts";

/** Answers each frame with itself; a frame "big" with as much as nobody reads in one go. */
class EchoSession implements Session {
  finished = false;
  constructor(
    readonly link: Link,
    private readonly world: World,
  ) {}

  frame({ bytes }: Memory, start: number, end: number): void {
    const text = new TextDecoder().decode(bytes.subarray(start, end));
    if (text === "throw") throw new Error("a defect");
    if (text === "big") this.link.send(new Uint8Array(this.world.bigBytes).fill(0x62));
    else this.link.send(bytes.slice(start, end));
  }
  emptyFrame(): void {}
  oversizedFrame(): void {
    this.link.send(new TextEncoder().encode("too large"));
    this.link.close("too large");
  }
  received(): void {}
  finish(): void {
    this.finished = true;
    if (!this.world.holdsBack) this.link.close("all answered");
  }
  closed(): void {
    this.world.closedSessions += 1;
  }
}

/** A listener on a free port, and everything around it. */
class World {
  readonly clock = new ManualClock();
  readonly logger = new MemoryLogger();
  readonly network: Network;
  readonly listener: Listener;
  readonly sessions: EchoSession[] = [];
  closedSessions = 0;
  bigBytes = 32 * 1024 * 1024;
  /** Sessions don't close when they are told to finish. */
  holdsBack = false;

  constructor(
    limits: Partial<NetworkLimits> = {},
    place: PortPlace | UnixPlace = { hostname: "127.0.0.1", port: 0 },
  ) {
    this.network = new Network({ clock: this.clock, logger: this.logger, limits });
    const protocol: Protocol = {
      framing: { littleEndian: true, payloadBytesMax: 1024 * 1024 },
      open: (link) => {
        const session = new EchoSession(link, this);
        this.sessions.push(session);
        return session;
      },
    };
    const listener = listen({
      name: "echo",
      place,
      network: this.network,
      protocol,
    });
    if (listener instanceof ListenFailure) throw new Error(listener.message);
    this.listener = listener;
    worlds.push(this);
  }

  get port(): number {
    return Number(this.listener.address.split(":").at(-1));
  }

  connect(): Promise<Peer> {
    return Peer.connect(this.port);
  }

  cuts(): unknown[] {
    return this.logger.named("connection cut").map(({ fields }) => fields["reason"]);
  }
}

const worlds: World[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) {
    const stopped = world.listener.stop(1);
    world.clock.advance(1);
    await stopped;
  }
});

function framed(text: string): Uint8Array {
  const payload = new TextEncoder().encode(text);
  const frame = new Uint8Array(4 + payload.length);
  new DataView(frame.buffer).setUint32(0, payload.length, true);
  frame.set(payload, 4);
  return frame;
}

describe("a port", () => {
  test("answers a peer on a real socket", async () => {
    const world = new World();
    const peer = await world.connect();
    peer.send(Buffer.concat([framed("hello "), framed("world")]));
    await peer.receives("hello world");
    expect(peer.text).toBe("hello world");
  });

  test("that is taken is a value which says so", () => {
    const world = new World();
    const second = listen({
      name: "echo",
      place: { hostname: "127.0.0.1", port: world.port },
      network: world.network,
      protocol: { framing: { littleEndian: true, payloadBytesMax: 1 }, open: () => never() },
    });
    expect(second).toBeInstanceOf(ListenFailure);
    expect(second).toMatchObject({ code: "taken" });
  });

  test("on an address that is not this machine's is a value which says so", () => {
    const failure = listen({
      name: "echo",
      // TEST-NET-3 (RFC 5737): nobody's.
      place: { hostname: "203.0.113.7", port: 0 },
      network: new World().network,
      protocol: { framing: { littleEndian: true, payloadBytesMax: 1 }, open: () => never() },
    });
    expect(failure).toMatchObject({ code: "no such address" });
  });
});

describe("a Unix socket", () => {
  test("answers peers, who are told apart and have no address; and goes at the end", async () => {
    using directory = temporaryDirectory();
    const path = join(directory.path, "it.sock");
    const world = new World({}, { unix: path });
    expect(world.listener.address).toBe(path);
    const heard: string[] = [];
    const socket = { data: (_: unknown, chunk: Buffer) => void heard.push(chunk.toString()) };
    const connections = [
      await Bun.connect({ unix: path, socket }),
      await Bun.connect({ unix: path, socket }),
    ];
    await until(() => world.sessions.length === 2);
    expect(world.sessions.map(({ link }) => link.peer)).toEqual(["local:1", "local:2"]);
    expect(world.sessions[0]?.link.local).toEqual({ host: "unix", port: 1 });
    const frame = framed("hello");
    connections[0]?.write(frame, 0, frame.length);
    await until(() => heard.length === 1);
    expect(heard).toEqual(["hello"]);
    for (const connection of connections) connection.end();
    await until(() => world.closedSessions === 2);
    await world.listener.stop(0);
    expect(existsSync(path)).toBeFalse();
    expect(world.cuts()).toEqual([]);
  });

  test("that can't be made is a value which says so", () => {
    using directory = temporaryDirectory();
    const failure = listen({
      name: "local",
      place: { unix: join(directory.path, "no", "such", "it.sock") },
      network: new World().network,
      protocol: { framing: { littleEndian: true, payloadBytesMax: 1 }, open: () => never() },
    });
    expect(failure).toBeInstanceOf(ListenFailure);
    expect(failure).toMatchObject({ message: expect.stringMatching(/^local socket: /) });
  });
});

describe("caps", () => {
  test("close a connection too many at once, and serve the others", async () => {
    const world = new World({ connectionsMax: 2 });
    const [first, second] = [await world.connect(), await world.connect()];
    const third = await world.connect();
    await until(() => third.closed);
    expect(world.network.stats.refused).toEqual({ total: 1, address: 0, rate: 0 });
    expect(world.sessions).toHaveLength(2);
    for (const peer of [first, second]) {
      peer.send(framed("still here"));
      await peer.receives("still here");
    }
  });

  test("let a new one in when an old one has left", async () => {
    const world = new World({ connectionsPerAddressMax: 1 });
    const first = await world.connect();
    const refused = await world.connect();
    await until(() => refused.closed);
    first.terminate();
    await until(() => world.closedSessions === 1);
    const next = await world.connect();
    next.send(framed("in"));
    await next.receives("in");
    expect(world.network.stats.refused.address).toBe(1);
  });

  test("bound how many come in a second", async () => {
    const world = new World({ connectionsPerSecondMax: 6 });
    const peers: Peer[] = [];
    for (let count = 0; count < 5; count++) peers.push(await world.connect());
    await until(() => world.network.stats.refused.rate === 2);
    world.clock.advance(1000);
    const later = await world.connect();
    later.send(framed("later"));
    await later.receives("later");
    expect(world.network.open).toBe(4);
  });
});

describe("a bad peer disturbs nobody", () => {
  test("when its session throws", async () => {
    const world = new World();
    const [bad, good] = [await world.connect(), await world.connect()];
    bad.send(framed("throw"));
    await until(() => bad.closed);
    good.send(framed("fine"));
    await good.receives("fine");
    expect(world.cuts()).toEqual(["session failed"]);
  });

  test("when it reads nothing: its replies are bounded, and it is cut in the end", async () => {
    const world = new World();
    const [bad, good] = [await world.connect(), await world.connect()];
    world.bigBytes = 8 * 1024 * 1024;
    bad.pause();
    bad.send(framed("big"));
    await until(() => world.network.stats.pauses === 1);
    // Nothing more is read from it: these come to no session.
    bad.send(framed("big"));
    await turns(20);
    good.send(framed("fine"));
    await good.receives("fine");
    expect(world.network.stats.pauses).toBe(1);
    world.clock.advance(11_000);
    await until(() => world.closedSessions === 1);
    expect(world.cuts()).toEqual(["replies not read"]);
    good.send(framed("!"));
    await good.receives("fine!");
  });

  test("when it asks for more than it reads: the backlog's bound cuts it at once", async () => {
    const world = new World();
    const bad = await world.connect();
    bad.pause();
    bad.send(framed("big"));
    await until(() => world.closedSessions === 1);
    expect(world.cuts()).toEqual(["reply backlog"]);
  });

  test("when it stops within a frame", async () => {
    const world = new World();
    const bad = await world.connect();
    bad.send(framed("unfinished").subarray(0, 7));
    await until(() => world.network.budget.used > 0);
    world.clock.advance(31_000);
    await until(() => bad.closed);
    expect(world.cuts()).toEqual(["frame not completed"]);
    expect(world.network.budget.used).toBe(0);
  });

  test("when it resets the connection while its reply is on the way", async () => {
    const world = new World();
    const [bad, good] = [await world.connect(), await world.connect()];
    world.bigBytes = 8 * 1024 * 1024;
    bad.pause();
    bad.send(framed("big"));
    await until(() => world.network.stats.pauses === 1);
    bad.terminate();
    await until(() => world.closedSessions === 1);
    good.send(framed("fine"));
    await good.receives("fine");
  });
});

describe("a slow reader", () => {
  test("gets every byte, and is read from again when it has caught up", async () => {
    const world = new World();
    const peer = await world.connect();
    world.bigBytes = 8 * 1024 * 1024;
    peer.pause();
    peer.send(framed("big"));
    await until(() => world.network.stats.pauses === 1);
    peer.send(framed("tail"));
    peer.resume();
    await until(() => peer.receivedBytes === world.bigBytes + 4);
    expect(new TextDecoder().decode(peer.chunks.at(-1)!.slice(-4))).toBe("tail");
    expect(world.cuts()).toEqual([]);
  });
});

describe("the end of a connection", () => {
  test("after the peer's FIN comes when everything is answered", async () => {
    const world = new World();
    const peer = await world.connect();
    peer.send(framed("last words"));
    peer.finish();
    await until(() => peer.closed);
    expect(peer.text).toBe("last words");
    expect(world.sessions[0]?.finished).toBe(true);
  });

  test("for an oversized frame lets the peer get it out and read why", async () => {
    const world = new World();
    const peer = await world.connect();
    const announced = new Uint8Array(8 * 1024 * 1024);
    new DataView(announced.buffer).setUint32(0, announced.length - 4, true);
    peer.send(announced);
    await until(() => peer.ended);
    expect(peer.text).toBe("too large");
    // As a client does that writes everything before it reads.
    await until(() => peer.allSent);
    peer.finish();
    await until(() => peer.closed);
    expect(world.cuts()).toEqual([]);
  });
});

describe("stopping", () => {
  test("answers what was taken, closes, and accepts nobody", async () => {
    const world = new World();
    const peer = await world.connect();
    peer.send(framed("in time"));
    await peer.receives("in time");
    const stopped = world.listener.stop(1000);
    await until(() => peer.ended);
    peer.finish();
    await stopped;
    expect(world.network.open).toBe(0);
    expect(world.clock.pending).toBe(0);
    await expect(Peer.connect(world.port)).rejects.toThrow();
  });

  test("cuts those that are not done by the deadline", async () => {
    const world = new World();
    world.holdsBack = true;
    await world.connect();
    await until(() => world.sessions.length === 1);
    const stopped = world.listener.stop(1000);
    world.clock.advance(999);
    expect(world.cuts()).toEqual([]);
    world.clock.advance(1);
    await stopped;
    expect(world.cuts()).toEqual(["shutdown deadline"]);
  });

  test("twice is once", async () => {
    const world = new World();
    expect(world.listener.stop(1)).toBe(world.listener.stop(1));
  });
});

function never(): Session {
  throw new Error("no connection is expected");
}
