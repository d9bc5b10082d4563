import { expect } from "bun:test";
import { join } from "node:path";
import { skipUnless } from "../support/skip.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { run, startBroker } from "./support/broker-process.ts";
import { leaveNothing } from "./support/leave-nothing.ts";

leaveNothing();

const promtool = Bun.which("promtool");

skipUnless(promtool !== null, "promtool is not installed")(
  "promtool accepts what the executable says of itself under load, and the numbers are right",
  async () => {
    using directory = temporaryDirectory();
    const { process: broker, kafkaPort } = await startBroker(join(directory.path, "data"));
    await using _ = broker;
    const brokers = ["-b", `127.0.0.1:${kafkaPort}`];
    const lines = Array.from({ length: 1_000 }, (_one, at) => `${at}\n`).join("");
    const file = join(directory.path, "lines");
    await Bun.write(file, lines);
    const sent = await run(["produce", ...brokers, "-t", "orders", "-q", file]);
    expect([sent.code, sent.stderr]).toEqual([0, ""]);
    const read = await run(["consume", ...brokers, "-t", "orders", "--group", "g", "-c", "600"]);
    expect([read.code, read.stderr]).toEqual([0, ""]);

    const door = broker.lines.find((line) => line["door"] === "http");
    const text = await (await fetch(`http://${String(door?.["address"])}/metrics`)).text();
    const checked = Bun.spawn([promtool ?? "", "check", "metrics"], {
      stdin: new TextEncoder().encode(text),
      stdout: "pipe",
      stderr: "pipe",
    });
    const said = await new Response(checked.stderr).text();
    expect([await checked.exited, said]).toEqual([0, ""]);
    for (const line of [
      'obelisk_topic_received_records_total{topic="orders"} 1000',
      'kafka_topic_partition_current_offset{topic="orders",partition="0"} 1000',
      'kafka_consumergroup_current_offset{consumergroup="g",topic="orders",partition="0"} 600',
      'kafka_consumergroup_lag{consumergroup="g",topic="orders",partition="0"} 400',
    ]) {
      expect(text).toContain(`\n${line}\n`);
    }
    expect(await broker.end("SIGTERM")).toBe(0);
  },
  60_000,
);
