/** Fetches all kits beside one another, before the tests, which would take them one by one. */
import { kit, type KitName, recipes } from "./support/kits.ts";

const begun = performance.now();
await Promise.all(
  (Object.keys(recipes) as KitName[]).map(async (name) => {
    const got = await kit(name);
    const seconds = ((performance.now() - begun) / 1000).toFixed(1);
    const what = "missing" in got ? got.missing : "is there";
    process.stdout.write(`clients, ${name}: ${what} (${seconds} s)\n`);
  }),
);
