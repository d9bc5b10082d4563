import { describe, expect, test } from "bun:test";
import { World, flushed, framed, receive, text } from "./connection-world.ts";

test("a session knows what its peer has connected to", () => {
  const { session } = new World().connect();
  expect(session.link.local).toEqual({ host: "10.0.0.7", port: 9092 });
});

describe("a session that sends much", () => {
  test("sees what the peer has not taken, and is told when there is room", async () => {
    const { socket, session, connection } = new World().connect();
    let told = 0;
    session.onSent = () => (told += 1);
    socket.room = 40;
    session.link.send(text("x".repeat(140)));
    expect(session.link.unsentBytes).toBe(140);
    await flushed();
    expect([session.link.unsentBytes, told]).toEqual([100, 0]);
    socket.room = 60;
    connection.writable();
    expect([session.link.unsentBytes, told]).toEqual([40, 1]);
    socket.room = Number.POSITIVE_INFINITY;
    connection.writable();
    expect([session.link.unsentBytes, told]).toEqual([0, 2]);
    connection.writable();
    expect(told).toBe(2);
  });

  test("may send more when it is told so", async () => {
    const { socket, session } = new World().connect();
    const left = ["b", "c"];
    session.onSent = () => {
      const next = left.shift();
      if (next !== undefined) session.link.send(text(next));
    };
    session.link.send(text("a"));
    for (let turn = 0; turn < 4; turn++) await flushed();
    expect(socket.taken).toBe("abc");
  });
});

test("a session that has enough to do is not read until it says so", () => {
  const { socket, session, connection } = new World().connect();
  session.link.hold(true);
  session.link.reserve(10);
  session.link.release(10);
  expect(socket.calls).toEqual(["pause"]);
  receive(connection, framed("on its way"));
  session.link.hold(false);
  expect(socket.calls).toEqual(["pause", "resume"]);
  expect(session.life).toEqual(["on its way", "received"]);
});
