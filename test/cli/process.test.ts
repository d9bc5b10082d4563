import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { temporaryDirectory } from "../support/temporary.ts";
import { skipUnless } from "../support/skip.ts";

const fixture = join(import.meta.dir, "fixture.ts");
const main = join(import.meta.dir, "../../src/main.ts");

/** Nothing of the test's own environment changes what a command does. */
const environment = { PATH: process.env["PATH"] ?? "", BUN: process.execPath };

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

function spawn(program: string, args: readonly string[], input: string | Uint8Array = "") {
  return Bun.spawn([process.execPath, program, ...args], {
    env: environment,
    stdin: Buffer.from(input),
    stdout: "pipe",
    stderr: "pipe",
  });
}

async function ended(child: ReturnType<typeof spawn>): Promise<Ended> {
  const [out, error, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, out, error };
}

/** Runs a shell script in which `"$@"` is the program with its arguments. */
async function shell(script: string, program: string, ...args: string[]): Promise<Ended> {
  const child = Bun.spawn(["sh", "-c", script, "sh", process.execPath, program, ...args], {
    env: environment,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, error, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, out, error };
}

interface OutputReader {
  read(): Promise<{ done: boolean; value?: Uint8Array | undefined }>;
}

/** Reads from a child until it has said `word`. */
async function heard(reader: OutputReader, word: string): Promise<void> {
  let text = "";
  while (!text.includes(word)) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`ended before it said ${word}: ${text}`);
    text += new TextDecoder().decode(value);
  }
}

/** The `script` of util-linux makes a terminal; that of other systems takes other options. */
const testTerminal = skipUnless(
  process.platform === "linux" && Bun.which("script") !== null,
  "util-linux's script, which makes a terminal, is not installed",
);

describe("the program", () => {
  test("says its version and ends with 0", async () => {
    const { code, out, error } = await ended(spawn(main, ["version"]));
    expect(out).toMatch(/^obelisk \d+\.\d+\.\d+ \(.*\)\n$/);
    expect([code, error]).toEqual([0, ""]);
  });

  test("refuses what it doesn't know with 2, on standard error", async () => {
    const { code, out, error } = await ended(spawn(main, ["vresion"]));
    expect(error).toStartWith('obelisk: "vresion" is not a command. Did you mean version?\n');
    expect([code, out]).toEqual([2, ""]);
  });

  test("is the reader when it is called so", async () => {
    const script = 'bun=$1; shift; exec -a somewhere/obelisk-reader "$bun" "$@"';
    const child = Bun.spawn(["bash", "-c", script, "bash", process.execPath, fixture, "--help"], {
      env: environment,
      stderr: "pipe",
    });
    // This program has no `read`: that it looked for it is what is to be seen.
    expect(await new Response(child.stderr).text()).toStartWith(
      'obelisk: "read" is not a command.',
    );
  });

  test("has no colours in a pipe, and is not asked how wide that is", async () => {
    const { out } = await ended(spawn(main, ["help"]));
    expect(out).not.toContain("\x1b");
    const counted = await ended(spawn(fixture, ["count"], "hello"));
    expect(counted).toEqual({ code: 0, out: "5 false false 100\n", error: "counted\n" });
  });

  testTerminal("has colours on a terminal, unless NO_COLOR says no", async () => {
    const terminal = `script -qec '"$BUN" "${main}" help' /dev/null`;
    const withColours = await shell(terminal, main);
    expect(withColours.out).toContain("\x1b[1mobelisk\x1b[22m");
    const without = await shell(`NO_COLOR=1 ${terminal}`, main);
    expect(without.out).not.toContain("\x1b");
  });
});

describe("standard output", () => {
  test("that nobody reads ends a command quietly with 0", async () => {
    using directory = temporaryDirectory();
    // A FIFO whose only reader has left: the first write already fails.
    const fifo = join(directory.path, "fifo");
    await shell(`mkfifo ${fifo}`, main);
    const script = `exec 3<>${fifo} 4>${fifo} 3<&-; exec "$@" >&4`;
    expect(await shell(script, main, "version")).toEqual({ code: 0, out: "", error: "" });
    expect(await shell(script, fixture, "flood")).toEqual({ code: 0, out: "", error: "" });
  });

  test("may be left in the middle, as head does", async () => {
    const script = '{ "$@"; echo "code $?" >&2; } | head -n 2';
    const { out, error } = await shell(script, fixture, "flood");
    expect(out).toBe(`${"x".repeat(99)}\n`.repeat(2));
    expect(error).toBe("code 0\n");
  });

  test("that is full is a failure, and says why", async () => {
    expect(await shell('exec "$@" >/dev/full', main, "version")).toEqual({
      code: 1,
      out: "",
      error: "obelisk: can't write to standard output: ENOSPC: no space left on device, write\n",
    });
  });

  test("that was closed beforehand does no harm", async () => {
    const { error } = await shell('exec "$@" >&- <&-', main, "version");
    expect(error).toBe("");
  });
});

describe("signals", () => {
  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("%s ends a client by itself, with %p", async (signal, code) => {
    const child = spawn(fixture, ["client"]);
    const reader = child.stdout.getReader();
    await heard(reader, "ready\n");
    child.kill(signal);
    await heard(reader, `${signal}\n`);
    expect(await child.exited).toBe(code);
  });

  test("a service that was asked to end has done well", async () => {
    const child = spawn(fixture, ["service"]);
    const reader = child.stdout.getReader();
    await heard(reader, "ready\n");
    child.kill("SIGTERM");
    await heard(reader, "SIGTERM\n");
    expect(await child.exited).toBe(0);
  });

  test("the second one ends at once what the first one could not", async () => {
    const child = spawn(fixture, ["service", "--deaf"]);
    const reader = child.stdout.getReader();
    await heard(reader, "ready\n");
    child.kill("SIGTERM");
    await heard(reader, "deaf\n");
    child.kill("SIGINT");
    expect(await child.exited).toBe(130);
  });

  test("one is enough for a command that listens to none", async () => {
    const child = spawn(fixture, ["idle"]);
    await heard(child.stdout.getReader(), "ready\n");
    child.kill("SIGINT");
    expect(await child.exited).toBe(130);
  });

  test("one is enough for a command whose reader has stopped reading", async () => {
    const child = spawn(fixture, ["flood"]);
    await heard(child.stdout.getReader(), "x\n");
    child.kill("SIGINT");
    expect(await child.exited).toBe(130);
  });
});

test.each([["rejecting"], ["throwing"], ["floating"]])(
  "a defect (%s) ends with 1 and says where it is",
  async (name) => {
    const { code, error } = await ended(spawn(fixture, [name]));
    expect(error).toStartWith(
      "obelisk: this is a defect, please report it: Error: a defect of this test\n    at ",
    );
    expect(error).toContain("fixture.ts:");
    expect(code).toBe(1);
  },
);
