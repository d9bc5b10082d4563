import { expect, test } from "bun:test";
import { systemClock } from "../src/base/clock.ts";
import { Network } from "../src/net/network.ts";
import { serverFacts } from "../src/server-facts.ts";
import { MemoryLogger } from "./fake/logger.ts";

test("what the console shows of a process is of this one, as it is now", () => {
  const network = new Network({ clock: systemClock, logger: new MemoryLogger() });
  network.stats.accepted = 7;
  network.stats.refused.rate = 2;
  network.stats.refused.total = 1;
  const doors = [{ name: "kafka", address: "[::1]:9", open: 3 }];
  const facts = serverFacts("/data", network, doors);
  expect(facts).toMatchObject({ processId: process.pid, accepted: 7, refused: 3, cut: 0 });
  expect(facts.doors).toEqual(doors);
  expect(facts.dataDirectory).toBe("/data");
  expect(facts.residentBytes).toBeGreaterThan(0);
});
