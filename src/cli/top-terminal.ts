/**
 * The terminal of this process for a view that fills it: its size, what is typed, and that it is
 * left as it was, however the process ends.
 *
 * Owned data: whether the other screen is on. Invariant: once it has been entered, it is left in
 * every way that code can still run in: by {@link FullTerminal.leave}, at the exit of the process,
 * before the word of a defect, and by signals that end it.
 */
import { writeSync } from "node:fs";
import type { Output } from "./output.ts";
import type { Size } from "./top-view.ts";

/** What a view needs of a terminal. */
export interface Terminal {
  size(): Size;
  /** Puts the view in place of what there was. */
  enter(listener: TerminalListener): void;
  /** Brings that back. Resolves once the terminal has it. */
  leave(): Promise<void>;
}

export interface TerminalListener {
  /** Keys, as they come. */
  typed(text: string): void;
  /** All of it is to be drawn anew: it has another size, or somebody else has drawn on it. */
  spoiled(): void;
}

/** The other screen, no cursor, no wrapping; and a clean one. */
const entering = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J";
const leaving = "\x1b[?2026l\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l";

/** A terminal that does not say has this size. */
const sizeDefault: Size = { columns: 80, rows: 24 };
/** Signals that nothing else listens to, and the codes with which they end the process. */
const endings = [
  ["SIGHUP", 129],
  ["SIGQUIT", 131],
] as const;

/** See the head of this file. */
export class FullTerminal implements Terminal {
  #isOn = false;

  /** @param hasKeys standard input is a terminal as well */
  constructor(
    private readonly stdout: Output,
    private readonly hasKeys: boolean,
  ) {}

  size(): Size {
    const { columns, rows } = process.stdout;
    return { columns: columns || sizeDefault.columns, rows: rows || sizeDefault.rows };
  }

  enter(listener: TerminalListener): void {
    this.#isOn = true;
    const restore = (): void => this.#restoreNow();
    process.on("exit", restore);
    process.prependListener("uncaughtException", restore);
    process.prependListener("unhandledRejection", restore);
    for (const [signal, code] of endings) process.on(signal, () => process.exit(code));
    if (this.hasKeys) {
      process.stdin.setEncoding("utf8");
      process.stdin.on("data", (text) => listener.typed(String(text)));
    }
    process.stdout.on("resize", () => listener.spoiled());
    process.on("SIGCONT", () => {
      this.#begin();
      listener.spoiled();
    });
    this.#begin();
  }

  async leave(): Promise<void> {
    if (!this.#isOn) return;
    this.stdout.write(leaving);
    await this.stdout.flush();
    this.#isOn = false;
    if (this.hasKeys) process.stdin.setRawMode(false);
  }

  #begin(): void {
    if (this.hasKeys) process.stdin.setRawMode(true);
    this.stdout.write(entering);
  }

  #restoreNow(): void {
    if (!this.#isOn) return;
    this.#isOn = false;
    try {
      writeSync(1, leaving);
      if (this.hasKeys) process.stdin.setRawMode(false);
    } catch (error) {
      // The terminal is gone, and with it what was to be restored.
      void error;
    }
  }
}
