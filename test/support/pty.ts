/** A program on a terminal of its own, which a test types into and reads. */
import { until } from "./until.ts";

/** `ECHO` and `ICANON` of `c_lflag` (termios): a terminal that is as a shell wants it. */
const cookedFlags = process.platform === "darwin" ? 0x108 : 0o12;

/** How to start it. */
export interface PtyOptions {
  readonly columns?: number;
  readonly rows?: number;
  readonly environment?: Readonly<Record<string, string>>;
}

/** See the head of this file. Disposed of, it kills what still runs. */
export class Pty implements AsyncDisposable {
  /** All that the program wrote. */
  text = "";
  readonly #decoder = new TextDecoder();
  readonly #child: Bun.Subprocess;
  readonly #terminal: Bun.Terminal;

  constructor(command: readonly string[], options: PtyOptions = {}) {
    const { columns = 80, rows = 24, environment = {} } = options;
    // Made along with the child: only then it is told of a new size.
    this.#child = Bun.spawn([...command], {
      env: { TERM: "xterm-256color", ...environment },
      terminal: {
        cols: columns,
        rows,
        data: (_, bytes) => {
          this.text += this.#decoder.decode(bytes, { stream: true });
        },
      },
    });
    const { terminal } = this.#child;
    if (terminal === undefined) throw new Error("there is no terminal");
    this.#terminal = terminal;
  }

  type(text: string): void {
    this.#terminal.write(text);
  }

  resize(columns: number, rows: number): void {
    this.#terminal.resize(columns, rows);
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Whether what is typed is echoed, and taken by lines. */
  get isCooked(): boolean {
    return (this.#terminal.localFlags & cookedFlags) === cookedFlags;
  }

  /** Resolves once all of these have been written. */
  async shows(...parts: readonly (string | RegExp)[]): Promise<void> {
    const isThere = (part: string | RegExp): boolean =>
      typeof part === "string" ? this.text.includes(part) : part.test(this.text);
    await until(() => {
      const missing = parts.find((part) => !isThere(part));
      if (missing === undefined) return true;
      if (this.#child.exitCode !== null) throw new Error(`no ${missing} in ${this.text}`);
      return false;
    });
  }

  /** The code with which it ends: 128 plus the number of a signal. */
  async ended(): Promise<number> {
    return await this.#child.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
    this.#terminal.close();
  }
}
