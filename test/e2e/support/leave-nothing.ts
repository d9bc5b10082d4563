/** What the tests of a file leave behind, whatever happened to them: nothing. */
import { afterAll } from "bun:test";
import { endProcesses } from "./broker-process.ts";
import { unmountAll } from "./mounts.ts";

/** Once in each file: ends and unmounts what is left after its tests, and complains about it. */
export function leaveNothing(): void {
  afterAll(async () => {
    const left = [...(await endProcesses()), ...unmountAll()];
    if (left.length > 0) throw new Error(`left behind by a test: ${left.join(", ")}`);
  });
}
