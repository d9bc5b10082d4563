import { describe, expect, test } from "bun:test";
import { World, flushed, framed, receive, text } from "./connection-world.ts";

/** A peer that begins the largest frame there may be, and stops short of its end. */
function beginLarge(world: World): void {
  receive(world.connect().connection, framed("x".repeat(300)).subarray(0, 299));
}

describe("what is received", () => {
  test("reaches the session as frames, then the word that this was all for now", () => {
    const { session, connection } = new World().connect();
    receive(connection, Buffer.concat([framed("one"), framed("two")]));
    receive(connection, framed("three").subarray(0, 5));
    expect(session.life).toEqual(["one", "two", "received", "received"]);
  });

  test("and makes the session throw costs this connection, with a log line, and no other", () => {
    const world = new World();
    const bad = world.connect();
    const good = world.connect();
    bad.session.onFrame = () => {
      throw new Error("a defect");
    };
    receive(bad.connection, framed("x"));
    receive(good.connection, framed("y"));
    expect(bad.socket.calls).toEqual(["terminate"]);
    expect(bad.session.life).toEqual(["x", "closed"]);
    expect(good.session.life).toEqual(["y", "received"]);
    expect(world.logger.named("session failed")[0]?.fields["error"]).toBe("Error: a defect");
    expect(world.network.open).toBe(1);
  });

  test("is counted, as what is sent is", async () => {
    const world = new World();
    const { session, connection } = world.connect();
    receive(connection, framed("abc"));
    session.link.send(text("OK\n"));
    await flushed();
    expect(world.network.stats.bytesReceived).toBe(7);
    expect(world.network.stats.bytesSent).toBe(3);
  });
});

describe("replies", () => {
  test("of one turn leave in one write, those of two connections each in their own", async () => {
    const world = new World();
    const [first, second] = [world.connect(), world.connect()];
    first.session.link.send(text("a"));
    second.session.link.send(text("x"));
    first.session.link.send(text("b"));
    await flushed();
    expect([first.socket.taken, first.socket.writes]).toEqual(["ab", 1]);
    expect([second.socket.taken, second.socket.writes]).toEqual(["x", 1]);
  });

  test("wait for room in order, and no write is tried before the socket asks", async () => {
    const { socket, session, connection } = new World().connect();
    socket.room = 2;
    session.link.send(text("abc"));
    await flushed();
    session.link.send(text("def"));
    await flushed();
    expect([socket.taken, socket.writes]).toEqual(["ab", 1]);
    socket.room = 100;
    connection.writable();
    expect(socket.taken).toBe("abcdef");
  });

  test("that pile up stop the reading, until half of the bound is free", async () => {
    const { socket, session, connection } = new World().connect();
    socket.room = 0;
    session.link.send(new Uint8Array(101));
    await flushed();
    expect(socket.calls).toEqual(["pause"]);
    socket.room = 50;
    connection.writable();
    expect(socket.calls).toEqual(["pause"]);
    socket.room = 1;
    connection.writable();
    expect(socket.calls).toEqual(["pause", "resume"]);
  });

  test("beyond the backlog's bound cut the connection", async () => {
    const world = new World();
    const { socket, session } = world.connect();
    socket.room = 0;
    session.link.send(new Uint8Array(500));
    await flushed();
    expect(world.cuts()).toEqual([]);
    session.link.send(new Uint8Array(1));
    expect(world.cuts()).toEqual(["reply backlog"]);
    expect(socket.calls).toContain("terminate");
    expect(world.network.stats.cut["reply backlog"]).toBe(1);
  });

  test("larger than the backlog's bound are fine if the socket takes them", async () => {
    const world = new World();
    const { socket, session } = world.connect();
    session.link.send(new Uint8Array(10_000));
    await flushed();
    expect(socket.taken.length).toBe(10_000);
    expect(world.cuts()).toEqual([]);
  });

  test("that nobody reads cut the connection after their time", async () => {
    const world = new World();
    const { socket, session } = world.connect();
    socket.room = 0;
    session.link.send(text("OK\n"));
    await flushed();
    world.clock.advance(10_000);
    expect(world.cuts()).toEqual([]);
    world.clock.advance(1000);
    expect(world.cuts()).toEqual(["replies not read"]);
  });

  test("that are read byte by byte are as good as not read", async () => {
    const world = new World();
    const { socket, session, connection } = world.connect();
    socket.room = 0;
    session.link.send(new Uint8Array(90));
    await flushed();
    for (let second = 0; second < 12; second++) {
      world.clock.advance(1000);
      socket.room = 1;
      connection.writable();
    }
    expect(world.cuts()).toEqual(["replies not read"]);
  });

  test("that are read slowly, but read, are waited for", async () => {
    const world = new World();
    const { socket, session, connection } = world.connect();
    socket.room = 0;
    session.link.send(new Uint8Array(400));
    await flushed();
    for (let round = 0; round < 19; round++) {
      world.clock.advance(9000);
      socket.room = 20;
      connection.writable();
    }
    expect(socket.taken.length).toBe(380);
    expect(world.cuts()).toEqual([]);
  });
});

describe("bytes in flight", () => {
  test("of one connection stop its reading above the bound, until half of it is free", () => {
    const { socket, session, connection } = new World().connect();
    session.onFrame = () => session.link.reserve(401);
    receive(connection, framed("x"));
    expect(socket.calls).toEqual(["pause"]);
    session.link.release(200);
    expect(socket.calls).toEqual(["pause"]);
    session.link.release(1);
    expect(socket.calls).toEqual(["pause", "resume"]);
  });

  test("of all connections stop those that hold much, and not those that hold little", () => {
    const world = new World();
    const greedy = [world.connect(), world.connect(), world.connect()];
    for (const { session } of greedy) session.link.reserve(390);
    const modest = world.connect();
    // Half of the share that each of four connections could have of 1000.
    modest.session.link.reserve(125);
    expect(greedy.map(({ socket }) => socket.calls.join())).toEqual(["", "", "pause"]);
    expect(modest.socket.calls).toEqual([]);
    modest.session.link.reserve(1);
    expect(modest.socket.calls).toEqual(["pause"]);
  });

  test("of peers that begin large frames and stop do not stop a smaller frame", () => {
    const world = new World();
    const { socket, session, connection } = world.connect();
    const frame = framed("v".repeat(60));
    for (let count = 0; count < 5; count++) beginLarge(world);
    receive(connection, frame.subarray(0, 60));
    world.clock.advance(25_000);
    for (let count = 0; count < 5; count++) beginLarge(world);
    receive(connection, frame.subarray(60));
    expect(socket.calls).toEqual([]);
    expect(session.life).toContain("v".repeat(60));
  });

  test("of peers that begin large frames and stop cost them their connections, not others", () => {
    const world = new World();
    const { socket, connection } = world.connect();
    for (let count = 0; count < 5; count++) beginLarge(world);
    // More than half of an equal share, so that it is not read from, and less than all of it.
    receive(connection, framed("v".repeat(200)).subarray(0, 100));
    expect(socket.calls).toEqual(["pause"]);
    for (let round = 0; round < 6; round++) {
      world.clock.advance(9_000);
      beginLarge(world);
    }
    expect(socket.calls).not.toContain("terminate");
    expect(world.cuts()).toContain("frame not completed");
  });

  test("let everybody read again when there is room", () => {
    const world = new World();
    const [first, second, third] = [world.connect(), world.connect(), world.connect()];
    first.session.link.reserve(390);
    second.session.link.reserve(390);
    third.session.link.reserve(390);
    expect(third.socket.calls).toEqual(["pause"]);
    first.session.link.release(390);
    expect(third.socket.calls).toEqual(["pause"]);
    second.session.link.release(390);
    expect(third.socket.calls).toEqual(["pause", "resume"]);
  });

  test("include a frame that has begun, and are given back when its connection goes", () => {
    const world = new World();
    const { session, connection } = world.connect();
    receive(connection, framed("x".repeat(200)).subarray(0, 104));
    session.link.reserve(30);
    expect(world.network.budget.used).toBe(134);
    connection.socketClosed();
    expect(world.network.budget.used).toBe(0);
    session.link.release(30);
    expect(world.network.budget.used).toBe(0);
  });

  test("never stop a frame that is all there is of its connection", () => {
    const { socket, connection } = new World().connect();
    const frame = framed("x".repeat(300));
    for (let at = 0; at < frame.length; at += 10) receive(connection, frame.slice(at, at + 10));
    expect(socket.calls).toEqual([]);
  });
});

describe("deadlines", () => {
  test("cut a connection whose frame has begun and does not come", () => {
    const world = new World();
    const { connection } = world.connect();
    receive(connection, framed("abc").subarray(0, 5));
    world.clock.advance(20_000);
    receive(connection, framed("abc").subarray(5, 6));
    world.clock.advance(10_000);
    expect(world.cuts()).toEqual([]);
    world.clock.advance(1000);
    expect(world.cuts()).toEqual(["frame not completed"]);
  });

  test("begin anew with each frame, so that a busy connection always has one begun", () => {
    const world = new World();
    const { connection } = world.connect();
    const stream = Buffer.concat([framed("abc"), framed("abc")]);
    receive(connection, stream.subarray(0, 5));
    for (let round = 0; round < 10; round++) {
      world.clock.advance(20_000);
      receive(connection, Buffer.concat([stream.subarray(5, 7), stream.subarray(0, 5)]));
    }
    expect(world.cuts()).toEqual([]);
  });

  test("don't run for a frame while we refuse to read it", () => {
    const world = new World();
    const { session, connection } = world.connect();
    receive(connection, framed("abc").subarray(0, 5));
    session.link.reserve(401);
    world.clock.advance(100_000);
    session.link.release(401);
    world.clock.advance(30_000);
    expect(world.cuts()).toEqual([]);
    world.clock.advance(1000);
    expect(world.cuts()).toEqual(["frame not completed"]);
  });

  test("run for a large frame that waits for room in the total, lest such fill it for ever", () => {
    const world = new World();
    const waiting = world.connect();
    // More than an equal share of the total.
    receive(waiting.connection, framed("x".repeat(300)).subarray(0, 254));
    const others = [world.connect(), world.connect(), world.connect()];
    for (const { session } of others) session.link.reserve(390);
    receive(waiting.connection, Uint8Array.of(1));
    expect(waiting.socket.calls).toEqual(["pause"]);
    world.clock.advance(31_000);
    expect(world.cuts()).toEqual(["frame not completed"]);
  });

  test("cut a connection that has been idle, and not one that is owed an answer", () => {
    const world = new World();
    world.connect();
    const owed = world.connect();
    owed.session.link.reserve(1);
    world.clock.advance(601_000);
    expect(world.cuts()).toEqual(["idle"]);
    owed.session.link.release(1);
    world.clock.advance(1000);
    expect(world.cuts()).toEqual(["idle", "idle"]);
  });

  test("leave no timer behind when all connections are gone", () => {
    const world = new World();
    const { connection } = world.connect();
    expect(world.clock.pending).toBe(1);
    connection.socketClosed();
    expect(world.clock.pending).toBe(0);
  });
});

describe("closing", () => {
  test("sends all that is queued, then a FIN, and waits for the peer's", async () => {
    const world = new World();
    const { socket, session, connection } = world.connect();
    socket.room = 2;
    session.link.send(text("NACK\n"));
    session.link.close("done");
    await flushed();
    expect([socket.taken, socket.calls.join()]).toEqual(["NA", ""]);
    socket.room = 100;
    connection.writable();
    expect([socket.taken, socket.calls.join()]).toEqual(["NACK\n", "shutdown"]);
    expect(world.gone).toBe(0);
    connection.socketClosed();
    expect(world.gone).toBe(1);
  });

  test("hands over no frame of the same chunk, and drops what comes later", () => {
    const { session, connection } = new World().connect();
    session.onFrame = () => session.link.close("enough");
    receive(connection, Buffer.concat([framed("one"), framed("two"), framed("three")]));
    receive(connection, framed("four"));
    expect(session.life).toEqual(["one", "received"]);
  });

  test("reads on if reading was stopped: the peer must get its bytes out to see our end", () => {
    const { socket, session } = new World().connect();
    session.link.reserve(401);
    session.link.close("enough");
    expect(socket.calls).toEqual(["pause", "resume"]);
  });

  test("cuts a peer that answers our FIN with silence", async () => {
    const world = new World();
    const { session } = world.connect();
    session.link.close("done");
    await flushed();
    world.clock.advance(11_000);
    expect(world.cuts()).toEqual(["close not answered"]);
    expect(world.gone).toBe(1);
  });

  test("after the peer's FIN waits for the session to answer what it took", async () => {
    const { socket, session, connection } = new World().connect();
    receive(connection, framed("one"));
    connection.finish();
    expect(session.life).toEqual(["one", "received", "finish"]);
    session.link.send(text("OK\n"));
    session.link.close("all answered");
    await flushed();
    expect([socket.taken, socket.calls.join()]).toEqual(["OK\n", "shutdown"]);
  });

  test("a second time, or after the end, does nothing", async () => {
    const world = new World();
    const { socket, session, connection } = world.connect();
    session.link.close("one");
    session.link.close("two");
    await flushed();
    connection.socketClosed();
    connection.socketClosed();
    session.link.send(text("late"));
    session.link.guard(() => session.life.push("late work"));
    await flushed();
    expect(socket.taken).toBe("");
    expect(session.life).toEqual(["closed"]);
    expect(world.gone).toBe(1);
  });
});
