/** `obelisk top` of the executable: on a terminal of its own, and for a script. */
import { expect, test } from "bun:test";
import { Producer } from "../../src/client/kafka/producer.ts";
import { Pty } from "../support/pty.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { run, startBroker } from "./support/broker-process.ts";
import { executable } from "./support/executable.ts";
import { leaveNothing } from "./support/leave-nothing.ts";
import { within } from "./support/within.ts";

leaveNothing();

/** For one story, on a machine that is busy. */
const msMax = 60_000;
const left = "\x1b[?7h\x1b[?25h\x1b[?1049l";

async function start(data: string, httpPort = "0") {
  const broker = await startBroker(data, ["--http-port", httpPort]);
  const door = broker.process.lines.find((line) => line["door"] === "http");
  return { ...broker, http: `http://${door?.["address"]}` };
}

async function produce(kafkaPort: number): Promise<void> {
  await using producer = await Producer.open({ brokers: [`127.0.0.1:${kafkaPort}`] });
  await producer.send({ topic: "orders", value: "Hello" });
}

test(
  "it shows a broker's topics live, says when it is gone and when it is back, and cleans up",
  async () => {
    using directory = temporaryDirectory();
    const first = await start(directory.path);
    await using _first = first.process;
    await produce(first.kafkaPort);
    const args = ["top", "--url", first.http, "--interval", "500ms"];
    await using pty = new Pty([executable(), ...args], { environment: { NO_COLOR: "1" } });
    const story = async (): Promise<void> => {
      await pty.shows("\x1b[?1049h", "obelisk top", /› 1 topic, \d+ partition/, "orders");
      await pty.shows(/in {2}0 records\/s/);
      pty.resize(40, 12);
      await pty.shows("\x1b[12;1Hq quit");
      pty.type("?");
      await pty.shows("Ctrl-C     quit");
      pty.type("?");
      await first.process.end("SIGTERM");
      await pty.shows("no answer");
      const second = await start(directory.path, new URL(first.http).port);
      await using _second = second.process;
      await pty.shows("the broker is back");
      expect(pty.text).not.toContain("\x1b[31m");
      pty.type("q");
      expect(await pty.ended()).toBe(0);
      await pty.shows(left);
      expect(pty.isCooked).toBeTrue();
    };
    await within(msMax, "the story", story());
  },
  2 * msMax,
);

test(
  "a signal ends it with the signal's code, and the terminal is as it was",
  async () => {
    await using pty = new Pty([executable(), "top", "--http-port", "1"]);
    const story = async (): Promise<void> => {
      await pty.shows("nobody listens there");
      pty.kill("SIGTERM");
      expect(await pty.ended()).toBe(143);
      await pty.shows(left);
      expect(pty.isCooked).toBeTrue();
    };
    await within(msMax, "the story", story());
  },
  2 * msMax,
);

test(
  "for a script it prints one object, and ends",
  async () => {
    using directory = temporaryDirectory();
    const broker = await start(directory.path);
    await using _broker = broker.process;
    await produce(broker.kafkaPort);
    const args = ["top", "--url", broker.http, "--interval", "500ms"];
    const { code, stdout, stderr } = await run([...args, "--json"]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(JSON.parse(stdout)).toMatchObject({
      isRestarted: false,
      recordsIn: 0,
      topicCount: 1,
      topics: [{ topic: "orders", recordsIn: 0 }],
    });
    const plain = await run(args);
    expect([plain.code, plain.stderr]).toEqual([0, ""]);
    expect(plain.stdout).toMatch(/^orders /m);
  },
  2 * msMax,
);
