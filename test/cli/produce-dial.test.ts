import { describe, expect, test } from "bun:test";
import { watchedDial } from "../../src/cli/produce-dial.ts";
import type { Dial, SocketEvents } from "../../src/client/socket.ts";
import { textBytes } from "../support/hex.ts";

/** A network in which the test says what happens. */
class Script {
  readonly said: string[] = [];
  readonly passed: string[] = [];
  #events: SocketEvents | null = null;
  readonly #dial: Dial;

  constructor() {
    const dial: Dial = (_host, _port, events) => {
      this.#events = events;
      return {
        write: (_bytes, _from, length) => length,
        end: () => events.closed("closed by the client"),
      };
    };
    this.#dial = watchedDial(dial, {
      hopeless: (reason) => this.said.push(`hopeless: ${reason}`),
      lost: (reason) => this.said.push(`lost: ${reason}`),
      back: () => this.said.push("back"),
    });
  }

  connect() {
    return this.#dial("::1", 8080, {
      opened: () => this.passed.push("opened"),
      received: (chunk) => this.passed.push(new TextDecoder().decode(chunk)),
      writable: () => this.passed.push("writable"),
      closed: (reason) => this.passed.push(`closed: ${reason}`),
    });
  }

  opened(): void {
    this.#events?.opened();
  }

  received(text: string): void {
    this.#events?.received(textBytes(text));
  }

  writable(): void {
    this.#events?.writable();
  }

  closed(reason: string): void {
    this.#events?.closed(reason);
  }
}

test("all that a connection does is passed on", () => {
  const script = new Script();
  const connection = script.connect();
  expect(connection.write(new Uint8Array(5), 1, 3)).toBe(3);
  script.opened();
  script.received("OK\n");
  script.received("?");
  script.writable();
  connection.end();
  expect(script.passed).toEqual([
    "opened",
    "OK\n",
    "?",
    "writable",
    "closed: closed by the client",
  ]);
});

test("a connection that the producer ends is not lost", () => {
  const script = new Script();
  const connection = script.connect();
  script.opened();
  connection.end();
  expect(script.said).toEqual([]);
});

describe("nobody is there", () => {
  test("when the first attempt fails", () => {
    const script = new Script();
    script.connect();
    script.closed("::1:8080: Failed to connect");
    expect(script.said).toEqual([
      "hopeless: can't connect to a broker: ::1:8080: Failed to connect",
    ]);
  });

  test("when the first attempt takes too long", () => {
    const script = new Script();
    script.connect().end();
    expect(script.said).toEqual(["hopeless: can't connect to a broker: [::1]:8080: no answer"]);
  });

  test("when every connection ends without a reply", () => {
    const script = new Script();
    for (let attempt = 0; attempt < 3; attempt++) {
      script.connect();
      script.opened();
      script.closed("closed by the server");
    }
    expect(script.said).toEqual([
      "lost: closed by the server",
      "back",
      "lost: closed by the server",
      "back",
      "hopeless: [::1]:8080 ends connections without a reply: is it Obelisk's own port?",
    ]);
  });

  test("when somebody speaks another protocol, which is not passed on", () => {
    const script = new Script();
    script.connect();
    script.opened();
    script.received("HTTP/1.1 400 \x1b[31mBad\r\n");
    expect(script.said).toEqual([
      "hopeless: [::1]:8080 is no broker: it says HTTP/1.1 400 \\u001b[31mBad\\r\\n",
    ]);
    expect(script.passed).toEqual(["opened"]);
  });
});

test.each([["OK\n"], ["O"], ["NACK:PUBLISH_FAILED\n"]])(
  "a broker that has answered %p once is waited for, however long it is away",
  (reply) => {
    const script = new Script();
    script.connect();
    script.opened();
    script.received(reply);
    script.closed("reset");
    for (let attempt = 0; attempt < 5; attempt++) {
      script.connect();
      script.closed("Failed to connect");
    }
    for (let attempt = 0; attempt < 5; attempt++) {
      script.connect();
      script.opened();
      script.closed("reset");
    }
    expect(script.said.filter((line) => line.startsWith("hopeless"))).toEqual([]);
    expect(script.said.slice(0, 3)).toEqual(["lost: reset", "back", "lost: reset"]);
  },
);
