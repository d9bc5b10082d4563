/** A view that fills the terminal, and ends as a test types: on the real process. */
import { defineCommand } from "../../src/cli/command.ts";
import { runProcess } from "../../src/cli/process.ts";
import { FullTerminal } from "../../src/cli/top-terminal.ts";

const view = defineCommand({
  name: "view",
  summary: "fill the terminal",
  options: {},
  examples: [],
  async run({ stdout, stdin, stop }) {
    const terminal = new FullTerminal(stdout, stdin.isTerminal);
    const { promise, resolve, reject } = Promise.withResolvers<0>();
    stop.onStop(() => resolve(0));
    terminal.enter({
      typed(text) {
        if (text === "q") resolve(0);
        else if (text === "e") process.exit(7);
        else if (text === "t") throw new Error("a defect of this test");
        else if (text === "r") reject(new Error("a defect of this test"));
        else stdout.write(`typed ${JSON.stringify(text)}\r\n`);
      },
      spoiled() {
        const { columns, rows } = terminal.size();
        stdout.write(`spoiled ${columns}x${rows}\r\n`);
      },
    });
    const { columns, rows } = terminal.size();
    stdout.write(`ready ${columns}x${rows}\r\n`);
    try {
      return await promise;
    } finally {
      await terminal.leave();
    }
  },
});
runProcess({ view: async () => view });
