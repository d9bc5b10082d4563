import { describe, expect, test } from "bun:test";
import { exitCode } from "../../src/cli/command.ts";
import { nativeSender } from "../../src/cli/produce-native.ts";
import { ProduceRun, type RunOptions } from "../../src/cli/produce-run.ts";
import type { SenderBegin } from "../../src/cli/produce-sender.ts";
import type { Portion } from "../../src/cli/produce-sources.ts";
import { FakeNativeServer } from "../client/fake-native-server.ts";
import { MemoryOutput, MemoryWorld } from "../fake/world.ts";
import { callIn, withInput } from "../support/call.ts";
import { textBytes } from "../support/hex.ts";
import { until } from "../support/until.ts";

/** Records that come when the test says so; one portion for each call of `give`. */
class Feed {
  readonly #portions: string[][] = [];
  #wake: (() => void) | null = null;
  #isOver = false;
  isClosed = false;

  give(...values: string[]): void {
    this.#portions.push(values);
    this.#wake?.();
  }

  end(): void {
    this.#isOver = true;
    this.#wake?.();
  }

  async *portions(): AsyncGenerator<Portion, void> {
    let number = 0;
    try {
      for (;;) {
        const values = this.#portions.shift();
        if (values === undefined && this.#isOver) return;
        if (values === undefined) {
          await new Promise<void>((resolve) => (this.#wake = resolve));
          continue;
        }
        yield {
          records: values.map((value) => ({ topic: "t", value: textBytes(value) })),
          numbers: values.map(() => ++number),
          rejected: [],
          placeOf: (which) => `line ${which}`,
        };
      }
    } finally {
      this.isClosed = true;
    }
  }
}

/** A run against a server whose replies are the test's. */
class Scene implements Disposable {
  readonly server = new FakeNativeServer();
  readonly world = new MemoryWorld();
  readonly feed = new Feed();

  begin(options: Partial<RunOptions> = {}, begin?: SenderBegin) {
    const { world, server } = this;
    const say = (message: string): void => world.stderr.write(`${message}\n`);
    const context = {
      clock: world.clock,
      stop: world.stop,
      stdout: world.stdout,
      stderr: world.stderr,
      warn: (message: string) => say(`warning: ${message}`),
      fail: (message: string) => {
        say(message);
        return exitCode.failed;
      },
    };
    const given: RunOptions = {
      timeoutMs: 1_000,
      count: null,
      rate: null,
      progress: "off",
      quiet: false,
      json: false,
      done: "stored",
      ...options,
    };
    const { timeoutMs } = given;
    const broker = { host: "127.0.0.1", port: server.port };
    const native = nativeSender({ broker, timeoutMs, clock: world.clock });
    const run = new ProduceRun(context, given, begin ?? native);
    return run.run(this.feed.portions());
  }

  get said(): string[] {
    return this.world.stderr.text.split("\n").slice(0, -1);
  }

  [Symbol.dispose](): void {
    this.server[Symbol.dispose]();
  }
}

const refused = (line: number): string => `line ${line}: the broker refused: PUBLISH_FAILED`;

describe("a run that goes well", () => {
  test("ends with its input, and says what was stored", async () => {
    using scene = new Scene();
    scene.server.acknowledges = true;
    const ended = scene.begin();
    scene.feed.give("one", "two");
    scene.feed.give("three");
    scene.feed.end();
    expect(await ended).toBe(exitCode.ok);
    expect((await scene.server.connection(0)).values).toEqual(["one", "two", "three"]);
    expect(scene.said).toEqual(["3 records stored, 11 B in 0 ms (3,000 records/s, 10.7 KiB/s)"]);
    expect(scene.feed.isClosed).toBeTrue();
  });

  test("sends what has come, without waiting for more", async () => {
    using scene = new Scene();
    const ended = scene.begin();
    scene.feed.give("one");
    const connection = await scene.server.connection(0, 1);
    scene.feed.give("two");
    await scene.server.connection(0, 2);
    connection.reply("OK\nOK\n");
    scene.feed.end();
    expect(await ended).toBe(exitCode.ok);
  });

  test("ends after as many records as were asked for, whatever else there is", async () => {
    using scene = new Scene();
    scene.server.acknowledges = true;
    const ended = scene.begin({ count: 3 });
    scene.feed.give("one", "two");
    scene.feed.give("three", "four");
    expect(await ended).toBe(exitCode.ok);
    expect((await scene.server.connection(0)).values).toEqual(["one", "two", "three"]);
    await until(() => scene.feed.isClosed);
  });

  test("without records connects to nobody", async () => {
    using scene = new Scene();
    const ended = scene.begin();
    scene.feed.end();
    expect(await ended).toBe(exitCode.ok);
    expect(scene.server.connections).toEqual([]);
  });

  test("says it as one object, if it is asked to", async () => {
    using scene = new Scene();
    scene.server.acknowledges = true;
    const ended = scene.begin({ json: true });
    scene.feed.give("one");
    scene.feed.end();
    await ended;
    const tally = '{"stored":1,"refused":0,"unknown":0,"bytes":3,"seconds":0}\n';
    expect([scene.world.stdout.text, scene.said]).toEqual([tally, []]);
  });

  test("says nothing, if it is asked to", async () => {
    using scene = new Scene();
    scene.server.acknowledges = true;
    const ended = scene.begin({ quiet: true });
    scene.feed.give("one");
    scene.feed.end();
    await ended;
    expect([scene.world.stdout.text, scene.said]).toEqual(["", []]);
  });
});

test("records go at the rate that was asked for", async () => {
  using scene = new Scene();
  scene.server.acknowledges = true;
  const ended = scene.begin({ rate: 10 });
  scene.feed.give("one", "two", "three");
  scene.feed.end();
  const connection = await scene.server.connection(0, 1);
  for (const sent of [1, 2]) {
    await until(() => connection.messages.length === sent);
    scene.world.clock.advance(99);
    expect(connection.messages).toHaveLength(sent);
    scene.world.clock.advance(1);
  }
  await ended;
  expect(connection.values).toEqual(["one", "two", "three"]);
  expect(scene.said).toEqual(["3 records stored, 11 B in 200 ms (15 records/s, 55 B/s)"]);
});

describe("what the broker refuses", () => {
  test("is told line by line, and the rest is stored", async () => {
    using scene = new Scene();
    const ended = scene.begin();
    scene.feed.give("one", "two", "three");
    scene.feed.end();
    (await scene.server.connection(0, 3)).reply("OK\nNACK:PUBLISH_FAILED\nOK\n");
    expect(await ended).toBe(exitCode.failed);
    expect(scene.said).toEqual([
      refused(2),
      "2 records stored, 8 B in 0 ms (2,000 records/s, 7.81 KiB/s); 1 not stored",
    ]);
  });

  test("is counted, if it is much", async () => {
    using scene = new Scene();
    const ended = scene.begin();
    scene.feed.give(...Array.from({ length: 1_234 }, () => "x"));
    scene.feed.end();
    (await scene.server.connection(0, 1_234)).reply("NACK:PUBLISH_FAILED\n".repeat(1_234));
    expect(await ended).toBe(exitCode.failed);
    expect(scene.said).toEqual([
      ...Array.from({ length: 10 }, (_, at) => refused(at + 1)),
      "and 1,224 more messages like these",
      "0 records stored, 0 B in 0 ms (0 records/s, 0 B/s); 1,234 not stored",
    ]);
  });
});

describe("a connection", () => {
  test("that breaks is made again, and what has no answer is sent again", async () => {
    using scene = new Scene();
    const ended = scene.begin({ progress: "plain", timeoutMs: 60_000 });
    scene.feed.give("one", "two", "three");
    const first = await scene.server.connection(0, 3);
    scene.world.clock.advance(5_000);
    first.reply("OK\n");
    await until(() => scene.said.length === 1);
    first.cut();
    scene.feed.end();
    const second = await scene.server.connection(1, 2);
    second.reply("OK\nOK\n");
    expect(await ended).toBe(exitCode.ok);
    expect(second.values).toEqual(["two", "three"]);
    expect(scene.said).toEqual([
      "stored: 1 records, 0 records/s",
      expect.stringMatching(
        /^warning: the connection broke \(.*\); trying again for up to 1m 00s$/,
      ),
      "warning: connected again",
      expect.stringMatching(/^3 records stored, 11 B /),
    ]);
  });

  test("on which no answer comes in time ends the run", async () => {
    using scene = new Scene();
    const ended = scene.begin();
    scene.feed.give("one", "two");
    await scene.server.connection(0, 2);
    scene.world.clock.advance(1_000);
    expect(await ended).toBe(exitCode.failed);
    expect(scene.said).toEqual([
      "not acknowledged in 1000 ms: no reply came",
      "0 records stored, 0 B in 1.0 s (0 records/s, 0 B/s); 2 of unknown fate",
    ]);
  });

  test("that can't be made ends the run at once, without a summary", async () => {
    using scene = new Scene();
    const { port } = scene.server;
    scene.server[Symbol.dispose]();
    const ended = scene.begin({ json: true });
    scene.feed.give("one");
    expect(await ended).toBe(exitCode.failed);
    expect(scene.said).toEqual([
      expect.stringMatching(new RegExp(`^can't connect to a broker: 127.0.0.1:${port}: `)),
    ]);
    expect(scene.world.stdout.text).toBe("");
  });
});

describe("a signal", () => {
  test("ends the reading, and what was sent is still waited for", async () => {
    using scene = new Scene();
    const ended = scene.begin();
    scene.feed.give("one", "two");
    const connection = await scene.server.connection(0, 2);
    scene.world.stop.request("SIGINT");
    scene.feed.give("three");
    await until(() => scene.feed.isClosed);
    connection.reply("OK\nOK\n");
    expect(await ended).toBe(exitCode.ok);
    expect(connection.values).toEqual(["one", "two"]);
    expect(scene.said).toEqual([expect.stringMatching(/^2 records stored, 6 B /)]);
    expect(scene.world.exits).toEqual([]);
  });

  test("ends a slow run in the middle of a portion", async () => {
    using scene = new Scene();
    scene.server.acknowledges = true;
    const ended = scene.begin({ rate: 1 });
    scene.feed.give("one", "two");
    await scene.server.connection(0, 1);
    scene.world.stop.request("SIGTERM");
    expect(await ended).toBe(exitCode.ok);
    expect((await scene.server.connection(0)).values).toEqual(["one"]);
  });

  test("is told what is waited for, if that takes its time", async () => {
    using scene = new Scene();
    const ended = scene.begin({ timeoutMs: 60_000 });
    scene.feed.give("one");
    const connection = await scene.server.connection(0, 1);
    scene.world.stop.request("SIGINT");
    scene.feed.give("two");
    await until(() => scene.feed.isClosed);
    scene.world.clock.advance(999);
    expect(scene.said).toEqual([]);
    scene.world.clock.advance(1);
    connection.reply("OK\n");
    await ended;
    expect(scene.said).toEqual([
      "warning: waiting for up to 1m 00s for what is under way; again, and it is given up",
      expect.stringMatching(/^1 record stored/),
    ]);
  });

  test("that comes a second time, later, ends the process", async () => {
    using scene = new Scene();
    const ended = scene.begin();
    scene.feed.give("one");
    const connection = await scene.server.connection(0, 1);
    scene.world.stop.request("SIGINT");
    scene.world.clock.advance(900);
    scene.world.stop.request("SIGINT");
    expect(scene.world.exits).toEqual([130]);
    connection.reply("OK\n");
    await ended;
  });
});

describe("a sender", () => {
  test("that finds nobody sends nothing, and says nothing of records", async () => {
    using scene = new Scene();
    const ended = scene.begin({ json: true }, async (events) => {
      events.nobodyThere("nobody is there");
      return null;
    });
    expect(await ended).toBe(exitCode.failed);
    expect([scene.said, scene.world.stdout.text]).toEqual([["nobody is there"], ""]);
  });

  test("that a signal comes before is not waited for", async () => {
    using scene = new Scene();
    const ended = scene.begin({}, () => new Promise(() => {}));
    scene.world.stop.request("SIGINT");
    expect(await ended).toBe(exitCode.ok);
    expect([scene.said, scene.world.stdout.text]).toEqual([[], ""]);
  });

  test("that has enough ends the reading, and what is under way is waited for", async () => {
    using scene = new Scene();
    const { server, world } = scene;
    const broker = { host: "127.0.0.1", port: server.port };
    const ended = scene.begin({}, async (events) => {
      const native = nativeSender({ broker, timeoutMs: 1_000, clock: world.clock });
      const sender = await native(events);
      if (sender === null) return null;
      let isFirst = true;
      return Object.assign(sender, {
        room() {
          if (isFirst) {
            isFirst = false;
            return null;
          }
          events.halt("there is no such topic");
          events.halt("there is no such topic");
          return Promise.resolve();
        },
      });
    });
    scene.feed.give("one", "two");
    const connection = await server.connection(0, 1);
    await until(() => scene.said.length === 1);
    connection.reply("OK\n");
    expect(await ended).toBe(exitCode.failed);
    expect(scene.said).toEqual([
      "there is no such topic",
      expect.stringMatching(/^1 record stored, 3 B /),
    ]);
  });
});

test("what nobody answers for is sent, and not stored", async () => {
  using scene = new Scene();
  scene.server.acknowledges = true;
  const ended = scene.begin({ done: "sent" });
  scene.feed.give("one");
  scene.feed.end();
  await ended;
  expect(scene.said).toEqual([expect.stringMatching(/^1 record sent, 3 B /)]);
});

describe("an input that fails", () => {
  const failing = async function* (error: Error): AsyncGenerator<Portion, void> {
    yield {
      records: [{ topic: "t", value: "one" }],
      numbers: [1],
      rejected: [],
      placeOf: (number) => `line ${number}`,
    };
    throw error;
  };

  test("by the system ends the run with what came before", async () => {
    using scene = new Scene();
    scene.server.acknowledges = true;
    const error = Object.assign(new Error("EIO: i/o error, read"), { code: "EIO" });
    scene.feed.portions = () => failing(error);
    expect(await scene.begin()).toBe(exitCode.failed);
    expect(scene.said).toEqual([
      "the input can't be read any further: EIO: i/o error, read",
      expect.stringMatching(/^1 record stored, 3 B /),
    ]);
  });

  test("by a defect is no failure of the input", async () => {
    using scene = new Scene();
    scene.server.acknowledges = true;
    scene.feed.portions = () => failing(new TypeError("a defect of this test"));
    await expect(scene.begin()).rejects.toThrow("a defect of this test");
  });
});

test("on a terminal one sees how far it has come, and messages have a line of their own", async () => {
  using scene = new Scene();
  const stderr = new MemoryOutput(true);
  Object.defineProperty(scene.world, "stderr", { value: stderr });
  const ended = scene.begin({ progress: "auto", count: 4 });
  scene.feed.give("one", "two");
  const connection = await scene.server.connection(0, 2);
  scene.world.clock.advance(200);
  connection.reply("OK\n");
  await until(() => stderr.text.includes("25%"));
  connection.reply("NACK:PUBLISH_FAILED\n");
  await until(() => stderr.text.includes("refused"));
  scene.feed.end();
  await ended;
  expect(stderr.text).toBe(
    "\rstored: 25%, 1 of 4 records, 5 records/s, 600 ms left\x1b[K" +
      `\r\x1b[K${refused(2)}\n` +
      "\r\x1b[K1 record stored, 3 B in 200 ms (5 records/s, 15 B/s); 1 not stored\n",
  );
});

test("through the command, a signal is its exit code", async () => {
  using scene = new Scene();
  const { world, server } = scene;
  server.acknowledges = true;
  const stdin = {
    isTerminal: false,
    async *chunks() {
      yield textBytes("one\ntw");
      world.stop.request("SIGINT");
      yield textBytes("o\n");
    },
  };
  const args = ["produce", "--native", "-t", "t", "-b", `127.0.0.1:${server.port}`];
  const { code } = await callIn(withInput(world, stdin), args);
  expect(code).toBe(130);
  expect((await server.connection(0)).values).toEqual(["one"]);
});
