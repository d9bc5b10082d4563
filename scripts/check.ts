/** What can be said of the code without running it: types, format, lint. */
import { type Command, type Outcome, capture, root, step } from "./command.ts";

/**
 * oxlint and its checker of types are programs behind starters that ask for Node.js. Bun runs the
 * first starter as well, and a variable names the program behind the second.
 */
function lint(): Promise<Outcome> {
  const programs = new Bun.Glob("node_modules/@oxlint-tsgolint/*/tsgolint*");
  const [program] = programs.scanSync({ cwd: root, absolute: true });
  const starter = "node_modules/oxlint/bin/oxlint";
  const variables = program === undefined ? {} : { OXLINT_TSGOLINT_PATH: program };
  return capture([process.execPath, starter], variables);
}

/** Runs every check, also after one has failed; resolves to how many did and how many failed. */
export async function runChecks(): Promise<{ passed: number; failed: number }> {
  const bun = process.execPath;
  const results = [
    await step("types", () => capture([bun, "check"])),
    // Browsers have other globals than the broker.
    await step("types of the console", () => capture([bun, "check", "-p", "src/console"])),
    await step("format", () => capture([bun, "fmt", "--check", "src", "test", "scripts"])),
    await step("lint", lint),
  ];
  const passed = results.filter((ok) => ok).length;
  return { passed, failed: results.length - passed };
}

export const check: Command = {
  summary: "check types, format and lint",
  run: async () => ((await runChecks()).failed === 0 ? 0 : 1),
};
