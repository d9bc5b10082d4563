/**
 * Other people's programs, each in a version that is named, fetched from where its language keeps
 * its packages. A kit is a folder in a cache, under a name that has its versions. It is whole or
 * not there: it is filled beside its place and then renamed.
 */
import fs from "node:fs";
import { join } from "node:path";

/** A kit that can be used, or why it can't. */
export type Kit = { readonly folder: string } | { readonly missing: string };

/** Package and version. */
export type Packages = Readonly<Record<string, string>>;

/** How one is made. */
export interface Recipe {
  readonly packages: Packages;
  /** Programs that must be there to fetch it and to use it. */
  readonly programs: readonly string[];
  /** Files to write first; then the commands to run in the folder. */
  readonly files?: (packages: Packages) => Record<string, string>;
  readonly commands: (packages: Packages) => readonly (readonly string[])[];
}

/** Where and under which name it is kept, and how long each of its commands may take. */
export interface Keeping {
  readonly cache: string;
  readonly name: string;
  readonly commandMsMax: number;
}

/** The kit, fetched if it is not there and `mayFetch`; else `missing` says what to do. */
export async function keptKit(
  recipe: Recipe,
  { cache, name, commandMsMax }: Keeping,
  mayFetch: true | { readonly otherwise: string },
): Promise<Kit> {
  const files = recipe.files?.(recipe.packages) ?? {};
  const hash = Bun.hash(JSON.stringify([recipe.packages, files])).toString(36);
  const folder = join(cache, `${name}-${hash}`);
  const absent = recipe.programs.filter((program) => Bun.which(program) === null);
  if (absent.length > 0) return { missing: `${absent.join(" and ")} not installed` };
  if (fs.existsSync(folder)) return { folder };
  if (mayFetch !== true) return { missing: mayFetch.otherwise };
  const filling = `${folder}.${process.pid}`;
  try {
    fs.mkdirSync(filling, { recursive: true });
    for (const [file, text] of Object.entries(files)) fs.writeFileSync(join(filling, file), text);
    for (const command of recipe.commands(recipe.packages)) {
      const trouble = await runIn(filling, command, commandMsMax);
      if (trouble !== null) return { missing: trouble };
    }
    if (!fs.existsSync(folder)) fs.renameSync(filling, folder);
    return { folder };
  } finally {
    fs.rmSync(filling, { recursive: true, force: true });
  }
}

/** Runs a command; the last line of what it said if it failed, as a reason. */
async function runIn(
  cwd: string,
  command: readonly string[],
  timeout: number,
): Promise<string | null> {
  const child = Bun.spawn([...command], {
    cwd,
    env: { ...process.env, KIT: cwd },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout,
  });
  const [code, ...said] = await Promise.all([
    child.exited,
    child.stdout.text(),
    child.stderr.text(),
  ]);
  if (code === 0) return null;
  const last = said.join("\n").trim().split("\n").at(-1) ?? "";
  return `can't be made: ${command.slice(0, 3).join(" ")} ended with ${code}: ${last}`;
}

/** Packages as arguments or lines: `name@version`. */
export const packageList =
  (separator: string) =>
  (packages: Packages): string[] =>
    Object.entries(packages).map(([name, version]) => `${name}${separator}${version}`);

/** Jars of Maven packages (`group:artifact`), with all that they need, in `lib`. */
export function mavenRecipe<Wanted extends Packages>(
  packages: Wanted,
): Recipe & { readonly packages: Wanted } {
  return {
    packages,
    programs: ["java", "mvn"],
    files: (wanted) => ({ "pom.xml": project(wanted) }),
    commands: () => [
      [
        ...["mvn", "--quiet", "--batch-mode", "dependency:copy-dependencies"],
        ...["-DincludeScope=runtime", "-DoutputDirectory=lib"],
      ],
    ],
  };
}

function project(packages: Packages): string {
  const dependencies = Object.entries(packages).map(([name, version]) => {
    const [group, artifact] = name.split(":");
    const parts = { groupId: group, artifactId: artifact, version };
    const tags = Object.entries(parts).map(([tag, text]) => `<${tag}>${text}</${tag}>`);
    return `<dependency>${tags.join("")}</dependency>\n`;
  });
  const self = "<groupId>obelisk</groupId><artifactId>clients</artifactId><version>1</version>";
  return (
    `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>\n` +
    `${self}\n<dependencies>\n${dependencies.join("")}</dependencies></project>\n`
  );
}
