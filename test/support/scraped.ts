/** What a scrape says, read line by line, and Prometheus's own opinion of it. */
import { skipUnless } from "./skip.ts";

/** Lines by what stands before their value, with labels in the order of their names. */
export class Scraped {
  readonly #values = new Map<string, number>();
  /** The names of all lines. */
  readonly names = new Set<string>();

  constructor(readonly text: string) {
    for (const line of text.split("\n")) {
      const [, name = "", labels = "", value = ""] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      if (line.startsWith("#") || name === "") continue;
      const key = `${name}{${labelsOf(labels).sort().join()}}`;
      if (this.#values.has(key)) throw new Error(`${key} is there twice`);
      this.#values.set(key, Number(value));
      this.names.add(name);
    }
  }

  /** The value of one line; `undefined`: it is not there. @param labels as in a query */
  value(name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
    const listed = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
    return this.#values.get(`${name}{${listed.sort().join()}}`);
  }
}

const labelsOf = (text: string): string[] => text.match(/\w+="(?:[^"\\]|\\.)*"/g) ?? [];

const promtool = Bun.which("promtool");

export const testPromtool = skipUnless(promtool !== null, "promtool is not installed");

/** What `promtool` objects to; empty: nothing. @param input for its standard input */
export async function promtoolSays(args: readonly string[], input = ""): Promise<string> {
  const child = Bun.spawn([promtool ?? "promtool", ...args], {
    stdin: new Blob([input]),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [said, complained, code] = await Promise.all([
    child.stdout.text(),
    child.stderr.text(),
    child.exited,
  ]);
  return code === 0 ? "" : `${said}${complained}exit code ${code}`;
}
