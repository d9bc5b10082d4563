import { expect, test } from "bun:test";
import { join } from "node:path";
import { rounds } from "../support/rounds.ts";
import { randomForTest } from "../support/seed.ts";
import { skipUnless } from "../support/skip.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { GroupStory } from "./support/group-story.ts";
import { leaveNothing } from "./support/leave-nothing.ts";
import { makeImage, mountFault } from "./support/mounts.ts";
import { report } from "./support/numbers.ts";
import { cutPower } from "./support/power.ts";

leaveNothing();

const memberCount = 50;
const victimCount = 10;
const partitionCount = 120;
const repeats = rounds(1, 4);
const repeatsOverCuts = rounds(1, 3);
/** For one of them. */
const msMax = 120_000;

/** Members die, the broker dies twice meanwhile and once in peace, others take their places. */
async function once(story: GroupStory): Promise<void> {
  const { witness } = story;
  await story.commits(1_000);
  const killed = story.killMembers(victimCount);
  await story.moment();
  await story.goDown();
  await story.whole();
  for (const zombie of killed) {
    expect(zombie.generationId).toBeLessThan(witness.newest);
    const answers = await zombie.commitAsZombie();
    expect(answers.length).toBeGreaterThan(0);
    const isFenced = (code: string): boolean =>
      code === "UNKNOWN_MEMBER_ID" || code === "ILLEGAL_GENERATION";
    expect(answers.filter((code) => !isFenced(code))).toEqual([]);
  }
  story.join(victimCount);
  await story.moment();
  await story.goDown();
  await story.whole();
  await story.commits(1_000);
  await story.goDown();
  await story.whole();
}

async function tell(story: GroupStory, times: number): Promise<void> {
  const { witness } = story;
  await using _ = story;
  await story.start();
  story.join(memberCount);
  await story.whole();
  for (let time = 0; time < times; time++) await once(story);
  const deaths = `${story.downs} brokers, ${story.zombies.length} members cut off`;
  report(`a group of ${memberCount} outlived`, `${deaths}; ${witness.generations} generations`);
  report("offsets committed", String(witness.committed));
  expect(witness.violations).toEqual([]);
}

const kill = async ({ broker }: GroupStory): Promise<void> => {
  await broker.process.end("SIGKILL");
};

for (const kind of ["eager", "cooperative"] as const) {
  test(
    `${memberCount} members, ${kind}, and kill -9: no partition has two owners, no commit is lost`,
    async () => {
      using directory = temporaryDirectory();
      const data = join(directory.path, "data");
      const random = randomForTest();
      await tell(new GroupStory({ kind, data, random, partitionCount, end: kill }), repeats);
    },
    repeats * msMax,
  );
}

const fault = await mountFault("ext4");
skipUnless(fault === null, fault ?? "")(
  `${memberCount} members and power cuts: no partition has two owners, no commit is lost`,
  async () => {
    await using filesystem = makeImage("ext4", 256);
    await filesystem.mount();
    const cut = async (story: GroupStory): Promise<void> => {
      story.sever();
      cutPower(filesystem.path);
      await kill(story);
      await filesystem.unmount();
      await filesystem.mount();
    };
    const data = join(filesystem.path, "data");
    const random = randomForTest();
    const shape = { kind: "cooperative", data, random, partitionCount, end: cut } as const;
    await tell(new GroupStory(shape), repeatsOverCuts);
  },
  repeatsOverCuts * msMax,
);
