/**
 * `obelisk top` while it runs: looks at the broker again and again, listens to keys, and draws what
 * has changed. One look at a time; a terminal that takes nothing holds one frame.
 */
import { topIntervalMsMin } from "../limits.ts";
import type { World } from "./command.ts";
import { keysIn } from "./top-keys.ts";
import { ScrapeFailure } from "./top-scrape.ts";
import { Screen } from "./top-screen.ts";
import type { Look } from "./top-source.ts";
import { failed, pressed, sampled, type TopState } from "./top-state.ts";
import type { Terminal } from "./top-terminal.ts";
import { frameOf } from "./top-view.ts";

/** Resolves when somebody wants it to end; the terminal is as it was. */
export async function watch(
  first: TopState,
  look: Look,
  terminal: Terminal,
  world: Pick<World, "clock" | "stdout" | "stop">,
): Promise<void> {
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const view = new LiveView(first, terminal, world);
  world.stop.onStop(() => end());
  terminal.enter({
    typed: (text) => {
      if (view.typed(text) === "quit") end();
    },
    spoiled: () => view.spoiled(),
  });
  const over = new AbortController();
  try {
    view.draw();
    // What goes wrong in there is a defect: it ends this as well.
    await Promise.race([ended, view.look(look, over.signal)]);
  } finally {
    over.abort();
    view.close();
    await terminal.leave();
  }
}

/** See the head of this file. */
class LiveView {
  readonly #screen = new Screen();
  #pageRows = 0;
  #isWaiting = false;
  #isClosed = false;
  #endPause: () => void = () => {};

  constructor(
    private state: TopState,
    private readonly terminal: Terminal,
    private readonly world: Pick<World, "clock" | "stdout">,
  ) {}

  typed(text: string): "quit" | null {
    for (const key of keysIn(text)) {
      if (key === "quit") return "quit";
      this.state = pressed(this.state, key, this.#pageRows);
    }
    this.draw();
    return null;
  }

  spoiled(): void {
    this.#screen.spoil();
    this.draw();
  }

  draw(): void {
    const { stdout, clock } = this.world;
    if (this.#isClosed || this.#isWaiting) return;
    if (stdout.queuedBytes > 0) {
      this.#isWaiting = true;
      void stdout.flush().then(() => {
        this.#isWaiting = false;
        this.draw();
      });
      return;
    }
    const frame = frameOf(this.state, this.terminal.size(), clock.monotonic(), stdout.style);
    this.#pageRows = frame.pageRows;
    stdout.write(this.#screen.frame(frame.lines));
  }

  /** Nothing is drawn afterwards, and no look follows. */
  close(): void {
    this.#isClosed = true;
    this.#endPause();
  }

  /** Goes on until it is closed. */
  async look(look: Look, signal: AbortSignal): Promise<void> {
    const { clock } = this.world;
    while (!this.#isClosed) {
      const begunMs = clock.monotonic();
      const isFirst = this.state.sample === null;
      const found = await look(signal);
      const nowMs = clock.monotonic();
      if (found instanceof ScrapeFailure) this.state = failed(this.state, found, nowMs);
      else this.state = sampled(this.state, found);
      this.draw();
      // Rates need two samples: the second one comes soon.
      const isSoon = isFirst && this.state.sample !== null;
      const intervalMs = isSoon ? topIntervalMsMin : this.state.intervalMs;
      const pauseMs = Math.max(0, intervalMs - (nowMs - begunMs));
      await new Promise<void>((resolve) => {
        const cancel = clock.after(pauseMs, resolve);
        this.#endPause = () => {
          cancel();
          resolve();
        };
        if (this.#isClosed) this.#endPause();
      });
    }
  }
}
