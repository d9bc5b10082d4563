/**
 * Builds the executable: one file with the runtime, the code and everything it needs. It is built
 * in a folder of its own and moved into place, so that a broker that runs keeps its file and a
 * build that fails leaves the old one.
 */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { version } from "../package.json";
import { bundleConsole, packOf } from "../src/http/console-bundle.ts";
import { packName } from "../src/http/console-files.ts";
import { type Command, type Outcome, capture, root, step } from "./command.ts";

const dist = join(root, "dist");
/** The systems that a release is built for, in Bun's words; anything else is built by name. */
const releaseTargets = ["bun-linux-x64", "bun-linux-arm64", "bun-darwin-arm64"];

/** The executable for this machine. */
export const executable = join(dist, "obelisk");

/** What the executable is made from: newer than it, they make it stale. */
const inputs = ["src", "package.json", "bun.lock", "tsconfig.json", "scripts/build.ts"];
/**
 * Git writes here whenever the commit changes that the executable names. In a work tree beside the
 * first one, `.git` is a file that says where its folder is.
 */
function headLog(): string {
  const git = join(root, ".git");
  const isFile = statSync(git, { throwIfNoEntry: false })?.isFile() === true;
  const named = isFile ? /^gitdir: (.*)$/m.exec(readFileSync(git, "utf8"))?.[1] : undefined;
  return join(resolve(root, named ?? git), "logs", "HEAD");
}

/** Builds the executable for this machine unless it is newer than all that it is made from. */
export async function buildIfStale(): Promise<boolean> {
  return isStale() ? buildHere() : true;
}

async function buildHere(): Promise<boolean> {
  const ok = await step("build", () => compile(null, executable));
  if (ok) linkReader();
  return ok;
}

function isStale(): boolean {
  const built = modified(executable);
  const paths = [...inputs.map((input) => join(root, input)), headLog()];
  return paths.some((path) => newest(path) >= built);
}

function modified(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** A folder counts with its own time too: it changes when a file is removed. */
function newest(path: string): number {
  const stat = statSync(path, { throwIfNoEntry: false });
  const inside = stat?.isDirectory() === true ? readdirSync(path) : [];
  return Math.max(stat?.mtimeMs ?? 0, ...inside.map((name) => newest(join(path, name))));
}

/** The program looks at the name by which it is called: `src/main.ts`. */
function linkReader(): void {
  const reader = `${executable}-reader`;
  rmSync(reader, { force: true });
  symlinkSync("obelisk", reader);
}

/**
 * Builds for `target`, or for this machine if it is `null`. The source map goes into the file, so
 * that stack traces name lines of the source; the copy that Bun leaves beside it goes with the
 * folder. Split, because one bundle would load every built-in module at start, used or not.
 */
async function compile(target: string | null, outfile: string): Promise<Outcome> {
  const folder = join(dist, `.building-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  try {
    // The same name for every target: it is part of the bytes, and equal inputs make equal bytes.
    const built = join(folder, "obelisk");
    const replaced = Object.entries(await defines()).flatMap(([name, value]) => {
      return ["--define", `${name}=${JSON.stringify(value)}`];
    });
    const pack = join(folder, packName);
    writeFileSync(pack, packOf(await bundleConsole()));
    const outcome = await capture([
      ...[process.execPath, "build", "src/main.ts", pack, "--outfile", built],
      ...["--compile", "--bytecode", "--minify", "--format=esm", "--splitting", "--sourcemap"],
      ...["--no-compile-autoload-bunfig", "--no-compile-autoload-dotenv"],
      ...(target === null ? [] : [`--target=${target}`]),
      ...replaced,
    ]);
    if (outcome.ok) renameSync(built, outfile);
    return outcome;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Words of the source that the build replaces: see `src/cli/build.ts`. */
async function defines(): Promise<Record<string, string>> {
  const commit = await currentCommit();
  return {
    "process.env.NODE_ENV": "production",
    BUILD_VERSION: version,
    ...(commit !== null && { BUILD_COMMIT: commit }),
  };
}

/** The commit that is checked out, marked if files differ from it; `null` outside a repository. */
async function currentCommit(): Promise<string | null> {
  if (!existsSync(join(root, ".git")) || Bun.which("git") === null) return null;
  const described = await capture([
    "git",
    "describe",
    "--always",
    "--dirty",
    "--abbrev=12",
    "--exclude=*",
  ]);
  return described.ok ? described.output.trim() : null;
}

export const build: Command = {
  summary: "build dist/obelisk [--target <bun target>]… [--all]",
  async run(args) {
    const { values } = parseArgs({
      args: [...args],
      options: { target: { type: "string", multiple: true }, all: { type: "boolean" } },
    });
    const targets = values.all === true ? releaseTargets : (values.target ?? []);
    if (targets.length === 0) return (await buildHere()) ? 0 : 1;
    let failed = false;
    for (const target of targets) {
      const outfile = `${executable}-${target.replace(/^bun-/, "")}`;
      const ok = await step(`build ${target}`, () => compile(target, outfile));
      failed ||= !ok;
    }
    return failed ? 1 : 0;
  },
};
