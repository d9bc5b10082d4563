import { expect, test } from "bun:test";
import { tellingDial } from "../../src/cli/connection-watch.ts";
import type { ClientSocket, Dial, SocketEvents } from "../../src/client/socket.ts";

/** Connections that do what the test says. */
class Scene {
  readonly said: string[] = [];
  /** What the dialled connections report to whoever watches. */
  readonly connections: SocketEvents[] = [];
  readonly #dial = tellingDial({
    lost: (reason) => void this.said.push(`lost ${reason}`),
    back: () => void this.said.push("back"),
  })(((_host, _port, events) => {
    this.connections.push(events);
    let isOver = false;
    return {
      write: (_bytes, _from, length) => length,
      end() {
        if (!isOver) events.closed("by us");
        isOver = true;
      },
    };
  }) satisfies Dial);

  dial(host: string, events: Partial<SocketEvents> = {}): ClientSocket {
    const silent = { opened() {}, received() {}, writable() {}, closed() {} };
    return this.#dial(host, 9092, { ...silent, ...events });
  }
}

test("a broker that goes away and comes back is told of once, however it is connected", () => {
  const scene = new Scene();
  for (const each of [0, 1]) {
    scene.dial("one");
    scene.connections[each]?.opened();
  }
  scene.connections[0]?.closed("reset");
  scene.connections[1]?.closed("reset");
  expect(scene.said).toEqual(["lost one:9092: reset"]);
  scene.dial("one");
  scene.connections[2]?.closed("refused");
  scene.dial("one");
  scene.connections[3]?.opened();
  expect(scene.said).toEqual(["lost one:9092: reset", "back"]);
});

test("a client that lets go of what broke is told of it all the same", () => {
  const scene = new Scene();
  const socket = scene.dial("one", { closed: (reason) => reason === "reset" && socket.end() });
  scene.connections[0]?.opened();
  scene.connections[0]?.closed("reset");
  expect(scene.said).toEqual(["lost one:9092: reset"]);
});

test("a connection that never was, or that we ended, is nothing to tell", () => {
  const scene = new Scene();
  scene.dial("one");
  scene.connections[0]?.closed("refused");
  const ours = scene.dial("one");
  scene.connections[1]?.opened();
  ours.end();
  expect(scene.said).toEqual([]);
});

test("everything else goes through as it is", () => {
  const scene = new Scene();
  const seen: string[] = [];
  const socket = scene.dial("one", {
    opened: () => void seen.push("opened"),
    received: (chunk) => void seen.push(`received ${chunk.length}`),
    writable: () => void seen.push("writable"),
    closed: (reason) => void seen.push(`closed ${reason}`),
  });
  const [events] = scene.connections;
  events?.opened();
  events?.received(new Uint8Array(3));
  events?.writable();
  events?.closed("reset");
  expect(seen).toEqual(["opened", "received 3", "writable", "closed reset"]);
  expect(socket.write(new Uint8Array(5), 0, 5)).toBe(5);
});
