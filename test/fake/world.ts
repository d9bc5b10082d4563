/** The world of a command, in memory: what it writes is text, and it reads what a test gives. */
import type { World } from "../../src/cli/command.ts";
import type { Output } from "../../src/cli/output.ts";
import { Stop } from "../../src/cli/stop.ts";
import { plain } from "../../src/cli/terminal.ts";
import type { Style } from "../../src/cli/terminal.ts";
import { ManualClock } from "./clock.ts";

/** An output that keeps all that was written. */
export class MemoryOutput implements Output {
  text = "";
  /** Set it to make this a reader that takes nothing. */
  queuedBytes = 0;

  constructor(
    readonly isTerminal = false,
    readonly columns = 100,
    readonly style: Style = plain,
  ) {}

  write(chunk: string | Uint8Array): void {
    this.text += typeof chunk === "string" ? chunk : new TextDecoder().decode(chunk);
  }

  ready(): Promise<void> | null {
    return null;
  }

  async flush(): Promise<void> {}
}

/** What a test may choose. */
export interface MemoryWorldOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** Paths to texts of the only files there are. */
  readonly files?: Readonly<Record<string, string>>;
  readonly stdin?: string;
}

export class MemoryWorld implements World {
  readonly stdout = new MemoryOutput();
  readonly stderr = new MemoryOutput();
  readonly clock = new ManualClock();
  /** The codes with which the process would have ended at once. */
  readonly exits: number[] = [];
  readonly stop = new Stop((code) => this.exits.push(code), this.clock);
  readonly environment: World["environment"];
  readonly stdin: World["stdin"];

  constructor(private readonly given: MemoryWorldOptions = {}) {
    this.environment = given.environment ?? {};
    const input = new TextEncoder().encode(given.stdin ?? "");
    this.stdin = {
      isTerminal: false,
      async *chunks() {
        yield input;
      },
    };
  }

  async readSmallFile(path: string): Promise<{ text: string } | { failure: string }> {
    const text = this.given.files?.[path];
    return text === undefined ? { failure: "no such file" } : { text };
  }
}
