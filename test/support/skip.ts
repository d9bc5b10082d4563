/**
 * Skipping with a reason. A test that needs something the machine may lack (a client, a file
 * system, root) is registered through {@link skipUnless}, which says why it did not run; `npm test`
 * repeats the reasons at its end and fails if a skipped test gives none.
 *
 *     const testKcat = skipUnless(Bun.which("kcat") !== null, "kcat is not installed");
 *     testKcat("kcat reads what a native producer wrote", async () => { … });
 */
import { test } from "bun:test";

/** What {@link skipUnless} returns: `test`, with its name, its body and its time limit. */
type Register = (name: string, body: () => void | Promise<void>, timeoutMs?: number) => void;

/** `test` if `condition` holds; otherwise one that skips, and prints the name and `reason`. */
export function skipUnless(condition: boolean, reason: string): Register {
  if (condition) return test;
  return (name, body) => {
    process.stdout.write(`skipped: ${name}: ${reason}\n`);
    test.skip(name, body);
  };
}
