/** Plants a bug in a copy of the source, and has the fuzzer of that copy look for it. */
import { findingIn, runPlanted } from "../sim/plant.ts";
import { type PlantedFault, plantedFaults } from "./planted.ts";

/** What tells of it; `null`: it is not found. */
export async function findFault({ target, inputsMax, replacement }: PlantedFault) {
  const bounds = ["--inputs", String(inputsMax), "--seed", "1", "--fresh"];
  return findingIn(await runPlanted([replacement], ["fuzz", target, ...bounds]));
}

/** Plants those with `name` in theirs, one after the other; 1 if one is not found. */
export async function findPlanted(name: string): Promise<number> {
  const faults = plantedFaults.filter((each) => each.name.includes(name));
  let missed = 0;
  for (const each of faults) {
    const finding = await findFault(each);
    if (finding === null) missed += 1;
    const shown = finding?.slice(0, 120) ?? `NOT FOUND in ${each.inputsMax} inputs`;
    process.stdout.write(`${each.target}, ${each.name}: ${shown}\n`);
  }
  process.stdout.write(`${faults.length - missed} of ${faults.length} bugs found\n`);
  return missed === 0 && faults.length > 0 ? 0 : 1;
}
