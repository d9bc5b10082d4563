/** Room for text on a terminal where a progress is drawn, which then draws itself again. */
import type { Output } from "./output.ts";
import type { ProgressMode } from "./progress.ts";

/** Clears the progress away. Resolves once that is on the terminal, so that text follows it. */
export async function makeRoom(stderr: Output, mode: ProgressMode): Promise<void> {
  if (mode !== "auto" || !stderr.isTerminal) return;
  stderr.write("\r\x1b[K");
  await stderr.flush();
}
