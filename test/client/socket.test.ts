import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { dialTcp, dialUnix, type SocketEvents } from "../../src/client/socket.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { until } from "../support/until.ts";
import { FakeNativeServer } from "./fake-native-server.ts";

/** Events as a list of words. */
class Told implements SocketEvents {
  readonly events: string[] = [];
  opened(): void {
    this.events.push("opened");
  }
  received(chunk: Uint8Array): void {
    this.events.push(new TextDecoder().decode(chunk));
  }
  writable(): void {
    this.events.push("writable");
  }
  closed(reason: string): void {
    this.events.push(`closed: ${reason}`);
  }
}

describe("a connection", () => {
  test("opens, receives, and reports once that the server closed it", async () => {
    using server = new FakeNativeServer();
    const told = new Told();
    const connection = dialTcp("127.0.0.1", server.port, told);
    expect(connection.write(new Uint8Array(1), 0, 1)).toBe(0);
    await until(() => told.events.length === 1);
    (await server.connection(0)).reply("hello");
    await until(() => told.events.length === 2);
    server.connections[0]!.cut();
    await until(() => told.events.length === 3);
    expect(told.events.slice(0, 2)).toEqual(["opened", "hello"]);
    expect(told.events[2]).toStartWith("closed: ");
    expect(connection.write(new Uint8Array(1), 0, 1)).toBe(-1);
  });

  test("that its own side ends says so, and not that the server did", async () => {
    using server = new FakeNativeServer();
    const told = new Told();
    const connection = dialTcp("127.0.0.1", server.port, told);
    await until(() => told.events.length === 1);
    connection.end();
    expect(told.events).toEqual(["opened", "closed: closed by the client"]);
  });

  test("that fails at once reports it to whoever has it by then", async () => {
    const told = new Told();
    // There is no such port: nothing is tried.
    dialTcp("127.0.0.1", 99_999, told);
    expect(told.events).toEqual([]);
    await until(() => told.events.length === 1);
    expect(told.events[0]).toStartWith("closed: 127.0.0.1:99999: ");
  });

  test("says when a full socket takes bytes again", async () => {
    using server = new FakeNativeServer();
    const told = new Told();
    const connection = dialTcp("127.0.0.1", server.port, told);
    const peer = await server.connection(0);
    await until(() => told.events.includes("opened"));
    peer.pause();
    // No server reads a frame of this length; it is only to fill the windows.
    const bytes = new Uint8Array(1024 * 1024).fill(0x7f);
    while (connection.write(bytes, 0, bytes.length) === bytes.length);
    peer.resume();
    await until(() => told.events.includes("writable"));
    connection.end();
  });

  test("that can't be made is reported with where it was to go", async () => {
    const server = new FakeNativeServer();
    const { port } = server;
    server[Symbol.dispose]();
    const told = new Told();
    dialTcp("127.0.0.1", port, told);
    await until(() => told.events.length === 1);
    expect(told.events[0]).toStartWith(`closed: 127.0.0.1:${port}: `);
  });

  test("to a port that can't be is reported, and not thrown", async () => {
    const told = new Told();
    dialTcp("127.0.0.1", 70_000, told);
    await until(() => told.events.length === 1);
    expect(told.events[0]).toStartWith("closed: 127.0.0.1:70000: ");
  });

  test("that is ended while it opens never opens", async () => {
    using server = new FakeNativeServer();
    const told = new Told();
    dialTcp("127.0.0.1", server.port, told).end();
    await until(() => server.connections[0]?.closed === true);
    expect(told.events).toEqual(["closed: closed by the client"]);
  });
});

describe("a Unix socket", () => {
  test("is connected to, whatever host and port are asked for", async () => {
    using directory = temporaryDirectory();
    const path = join(directory.path, "it.sock");
    using _ = Bun.listen({
      unix: path,
      socket: { open: (socket) => void socket.write("hello"), data: () => {} },
    });
    const told = new Told();
    const connection = dialUnix(path)("broker.example", 9092, told);
    await until(() => told.events.length === 2);
    connection.end();
    expect(told.events).toEqual(["opened", "hello", "closed: closed by the client"]);
  });

  test("that nobody listens on is reported with its path", async () => {
    using directory = temporaryDirectory();
    const path = join(directory.path, "it.sock");
    const told = new Told();
    dialUnix(path)("broker.example", 9092, told);
    await until(() => told.events.length === 1);
    expect(told.events[0]).toStartWith(`closed: ${path}: `);
  });
});
