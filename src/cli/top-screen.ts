/**
 * Frames onto a terminal without flicker: a frame is one write, of the lines that differ from what
 * is there. Pure; who calls it writes.
 *
 * Owned data: the lines that the terminal shows. Invariant: they are those of the last frame that
 * was asked for.
 */

/** Terminals that know it show what is between the two at once; others pass it over. */
const together = "\x1b[?2026h";
const shown = "\x1b[?2026l";

/** See the head of this file. */
export class Screen {
  #lines: readonly string[] = [];
  #isSpoiled = true;

  /** Nothing is known of what is there. */
  spoil(): void {
    this.#lines = [];
    this.#isSpoiled = true;
  }

  /** What to write so that these lines are there; empty: they are. */
  frame(lines: readonly string[]): string {
    const changes: string[] = this.#isSpoiled ? ["\x1b[0m\x1b[2J"] : [];
    for (let row = 0; row < Math.max(lines.length, this.#lines.length); row++) {
      const line = lines[row] ?? "";
      // Behind the line, never before it: a row that is cleared first may be seen empty.
      if (line !== (this.#lines[row] ?? "")) changes.push(`\x1b[${row + 1};1H${line}\x1b[K`);
    }
    this.#lines = lines;
    this.#isSpoiled = false;
    return changes.length === 0 ? "" : `${together}${changes.join("")}${shown}`;
  }
}
