import { expect, test } from "bun:test";
import { Network } from "../../src/net/network.ts";
import { ManualClock } from "../fake/clock.ts";
import { MemoryLogger } from "../fake/logger.ts";

function newNetwork() {
  const clock = new ManualClock();
  const logger = new MemoryLogger();
  return { clock, logger, network: new Network({ clock, logger }) };
}

test("a flood of refused connections is one log line a sweep, and counted by reason", () => {
  const { clock, logger, network } = newNetwork();
  for (let count = 0; count < 1000; count++) network.noteRefused("rate");
  network.noteRefused("address");
  clock.advance(1000);
  expect(logger.events).toEqual([
    {
      level: "warn",
      event: "connections refused",
      fields: { count: 1001, open: 0, total: 0, address: 1, rate: 1000 },
    },
  ]);
  network.noteRefused("total");
  clock.advance(1000);
  expect(logger.events[1]?.fields["count"]).toBe(1);
});

test("every member is swept each second, and one that leaves meanwhile harms nobody", () => {
  const { clock, network } = newNetwork();
  const swept: string[] = [];
  const stays = { sweep: (now: number) => swept.push(`stays ${now}`), flush: () => {} };
  const leaves = {
    sweep(now: number): void {
      swept.push(`leaves ${now}`);
      network.remove(leaves);
    },
    flush: () => {},
  };
  network.add(leaves);
  network.add(stays);
  clock.advance(2000);
  expect(swept).toEqual(["leaves 1000", "stays 1000", "stays 2000"]);
});

test("members that ask within one turn are flushed together, each asked time", async () => {
  const { network } = newNetwork();
  const order: string[] = [];
  const member = (name: string) => ({ sweep: () => {}, flush: () => order.push(name) });
  network.flushSoon(member("first"));
  network.flushSoon(member("second"));
  order.push("turn's work");
  await Promise.resolve();
  expect(order).toEqual(["turn's work", "first", "second"]);
});

test("removing a connection twice is a programmer's error", () => {
  const { network } = newNetwork();
  const member = { sweep: () => {}, flush: () => {} };
  network.add(member);
  network.remove(member);
  expect(() => network.remove(member)).toThrow("a connection is removed once");
});
