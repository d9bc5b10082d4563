import { describe, expect, test } from "bun:test";
import { dialNative, type NativeEvents } from "../../src/client/native-connection.ts";
import { until } from "../support/until.ts";
import { FakeNativeServer } from "./fake-native-server.ts";

/** Events as a list of words. */
class Told implements NativeEvents {
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
    const connection = dialNative("127.0.0.1", server.port, told);
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
    const connection = dialNative("127.0.0.1", server.port, told);
    await until(() => told.events.length === 1);
    connection.end();
    expect(told.events).toEqual(["opened", "closed: closed by the client"]);
  });

  test("says when a full socket takes bytes again", async () => {
    using server = new FakeNativeServer();
    const told = new Told();
    const connection = dialNative("127.0.0.1", server.port, told);
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
    dialNative("127.0.0.1", port, told);
    await until(() => told.events.length === 1);
    expect(told.events[0]).toStartWith(`closed: 127.0.0.1:${port}: `);
  });

  test("to a port that can't be is reported, and not thrown", async () => {
    const told = new Told();
    dialNative("127.0.0.1", 70_000, told);
    await until(() => told.events.length === 1);
    expect(told.events[0]).toStartWith("closed: 127.0.0.1:70000: ");
  });

  test("that is ended while it opens never opens", async () => {
    using server = new FakeNativeServer();
    const told = new Told();
    dialNative("127.0.0.1", server.port, told).end();
    await until(() => server.connections[0]?.closed === true);
    expect(told.events).toEqual(["closed: closed by the client"]);
  });
});
