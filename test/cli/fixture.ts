/** A program on the real process, with commands that a test of processes needs. */
import { defineCommand } from "../../src/cli/command.ts";
import { toggle } from "../../src/cli/option-kinds.ts";
import { runProcess } from "../../src/cli/process.ts";

const line = `${"x".repeat(99)}\n`;

const flood = defineCommand({
  name: "flood",
  summary: "write without end",
  options: {},
  examples: [],
  async run({ stdout }) {
    for (;;) {
      stdout.write(line);
      await stdout.ready();
    }
  },
});

/** Says `ready`, and then waits for a signal; with `--deaf` it hears it and goes on. */
const waiting = (name: string, isService: boolean) =>
  defineCommand({
    name,
    summary: "wait for a signal",
    options: { deaf: toggle({ help: "Don't end" }) },
    examples: [],
    isService,
    async run({ options, stdout, stop }) {
      stdout.write("ready\n");
      const reason = await new Promise<string>((resolve) => {
        // Without a timer of its own, the process would have nothing left to wait for.
        const alive = setInterval(() => {}, 1_000);
        stop.onStop((first) => {
          if (options.deaf) return stdout.write("deaf\n");
          clearInterval(alive);
          resolve(first);
        });
      });
      stdout.write(`${reason}\n`);
      return 0;
    },
  });

const idle = defineCommand({
  name: "idle",
  summary: "wait and listen to nothing",
  options: {},
  examples: [],
  async run({ stdout }) {
    stdout.write("ready\n");
    return new Promise(() => setInterval(() => {}, 1_000));
  },
});

const count = defineCommand({
  name: "count",
  summary: "count the bytes of standard input",
  options: {},
  examples: [],
  async run({ stdin, stdout, stderr }) {
    let bytes = 0;
    for await (const chunk of stdin.chunks()) bytes += chunk.length;
    stdout.write(`${bytes} ${stdin.isTerminal} ${stdout.isTerminal} ${stdout.columns}\n`);
    stderr.write("counted\n");
    return 0;
  },
});

/** Breaks in one of the three ways in which code can. */
const broken = (name: string, how: () => Promise<0>) =>
  defineCommand({ name, summary: "break", options: {}, examples: [], run: how });

const later = (): Promise<0> => new Promise(() => setInterval(() => {}, 1_000));

const rejecting = broken("rejecting", async () => {
  throw new Error("a defect of this test");
});
const throwing = broken("throwing", () => {
  setImmediate(() => {
    throw new Error("a defect of this test");
  });
  return later();
});
const floating = broken("floating", () => {
  void Promise.reject(new Error("a defect of this test"));
  return later();
});

const list = [
  flood,
  waiting("client", false),
  waiting("service", true),
  idle,
  count,
  rejecting,
  throwing,
  floating,
];
runProcess(Object.fromEntries(list.map((command) => [command.name, async () => command])));
