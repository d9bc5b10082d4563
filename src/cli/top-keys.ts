/** What is typed into `obelisk top`: bytes of a terminal in raw mode as wishes. */

export type Key =
  | "quit"
  | "pause"
  | "help"
  | "table"
  | "sortNext"
  | "sortPrevious"
  | "reverse"
  | "up"
  | "down"
  | "pageUp"
  | "pageDown"
  | "first"
  | "last";

const keys: ReadonlyMap<string, Key> = new Map([
  ["q", "quit"],
  ["Q", "quit"],
  ["\x03", "quit"],
  [" ", "pause"],
  ["p", "pause"],
  ["?", "help"],
  ["h", "help"],
  ["\t", "table"],
  ["s", "sortNext"],
  ["S", "sortPrevious"],
  ["r", "reverse"],
  ["j", "down"],
  ["k", "up"],
  ["\x1b[C", "sortNext"],
  ["\x1b[D", "sortPrevious"],
  ["\x1b[A", "up"],
  ["\x1b[B", "down"],
  ["\x1b[5~", "pageUp"],
  ["\x1b[6~", "pageDown"],
  ["\x1b[H", "first"],
  ["\x1b[1~", "first"],
  ["\x1b[F", "last"],
  ["\x1b[4~", "last"],
]);

/** Behind the escape character: ECMA-48 §5.4; and SS3, of keypads in their other mode. */
const sequence = /^(?:\[[0-?]*[ -/]*[@-~]|O[@-~])/;

/** What was meant by a piece of input, in its order; what means nothing is left out. */
export function keysIn(text: string): Key[] {
  return text.split("\x1b").flatMap((part, place) => {
    const found = place === 0 ? "" : (sequence.exec(part)?.[0] ?? "");
    const pieces = [`\x1b[${found.slice(1)}`, ...part.slice(found.length)];
    return pieces.flatMap((piece) => keys.get(piece) ?? []);
  });
}
