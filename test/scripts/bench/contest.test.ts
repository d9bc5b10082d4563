import { expect, test } from "bun:test";
import { again, Contest, entrantsOf } from "../../../scripts/bench/contest.ts";
import type { Peer } from "../../../scripts/bench/peer.ts";
import type { RunSettings } from "../../../scripts/bench/run.ts";
import type { Scenario } from "../../../scripts/bench/scenario.ts";
import { temporaryDirectory } from "../../support/temporary.ts";

/** A peer that does nothing but write down that it was started. */
function peer(name: string, diary: string[], parts: Partial<Peer> = {}): Peer {
  return {
    name,
    acknowledges: "after fsync",
    share: 1,
    missing: () => null,
    describe: () => Promise.resolve(name),
    installedBytes: () => NaN,
    start() {
      diary.push(name);
      const stop = (): Promise<void> => Promise.resolve();
      return Promise.resolve({ pid: process.pid, startMs: 1, stop });
    },
    ...parts,
  };
}

const scenario: Scenario = {
  id: "T1",
  title: "a test",
  figures: ["records/s"],
  matches: [
    ["a", "b"],
    ["a", "c"],
  ],
  placement: "free",
  run: () => Promise.resolve({ "records/s": 5 }),
};

const settingsIn = (folder: string): RunSettings => {
  return { folder, scale: 1, touchGib: 0, quietMsMax: 0, triesMax: 1 };
};

const later = (): number => performance.now() + 3_600_000;

const named = (peers: readonly Peer[]): ReadonlyMap<string, Peer> =>
  new Map(peers.map((each) => [each.name, each]));

test("ours runs once for all its opponents, and again beside itself if noise is asked for", () => {
  const peers = named(["a", "b", "c"].map((name) => peer(name, [])));
  const names = (against: string[], withItself: boolean): string[] =>
    entrantsOf(scenario, peers, { against: new Set(against), withItself }).map(({ name }) => name);
  expect(names([], false)).toEqual(["a", "b", "c"]);
  expect(names(["c"], true)).toEqual(["a", `a${again}`, "c"]);
  expect(names(["nobody"], true)).toEqual([]);
});

test("a round goes there and back, and gives everybody two samples", async () => {
  using directory = temporaryDirectory();
  const diary: string[] = [];
  const entrants = ["a", "b", "c"].map((name) => ({ name, peer: peer(name, diary) }));
  const contest = new Contest(scenario, entrants);
  await contest.round(settingsIn(directory.path), later());
  expect(diary).toEqual(["a", "b", "c", "c", "b", "a"]);
  expect(contest.pairs()).toBe(2);
  expect(contest.samples.get("b")?.map(({ figures }) => figures)).toEqual([
    { "records/s": 5 },
    { "records/s": 5 },
  ]);
});

test("who fails is left out with the reason, and the others go on", async () => {
  using directory = temporaryDirectory();
  const diary: string[] = [];
  const start = (): Promise<never> => Promise.reject(new Error("no port is free"));
  const contest = new Contest(scenario, [
    { name: "a", peer: peer("a", diary) },
    { name: "b", peer: peer("b", diary, { start }) },
    { name: "c", peer: peer("c", diary, { missing: () => "not installed" }) },
    { name: "d", peer: peer("d", diary) },
  ]);
  await contest.round(settingsIn(directory.path), later());
  expect(diary).toEqual(["a", "d", "d", "a"]);
  expect(Object.fromEntries(contest.troubles)).toEqual({
    b: "failed: no port is free",
    c: "not installed",
  });
  expect(contest.isOpen()).toBe(true);
});

test("nothing is run for one alone", async () => {
  using directory = temporaryDirectory();
  const diary: string[] = [];
  const alone = new Contest(scenario, [
    { name: "a", peer: peer("a", diary) },
    { name: "b", peer: peer("b", diary, { missing: () => "not installed" }) },
  ]);
  expect(alone.isOpen()).toBe(false);
  await alone.round(settingsIn(directory.path), later());
  expect(diary).toEqual([]);
});

test("no run begins when the time is over", async () => {
  using directory = temporaryDirectory();
  const diary: string[] = [];
  const entrants = ["a", "b"].map((name) => ({ name, peer: peer(name, diary) }));
  const contest = new Contest(scenario, entrants);
  await contest.round(settingsIn(directory.path), performance.now() - 1);
  expect(diary).toEqual([]);
});
