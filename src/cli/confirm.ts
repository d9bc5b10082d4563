/** The question before something is removed for good: the name has to be typed once more. */
import { quoted } from "../base/printable.ts";
import { shownCharactersMax } from "../limits.ts";
import type { Input, World } from "./command.ts";
import { shownText } from "./shown.ts";

/** What is about to go. */
export interface Doomed {
  readonly name: string;
  /** What stands behind its name: `has 4 partitions`. */
  readonly about: string;
  /** What is asked: `delete it for good`. */
  readonly deed: string;
}

/** Why nobody can be asked; `null`: somebody can, or need not be. */
export const whyNotAsked = (isMeant: boolean, stdin: Input): string | null =>
  isMeant || stdin.isTerminal ? null : "there is no terminal to ask on: say --yes if it is meant.";

/** Asks for every name; what was wrong with an answer, or `null`. */
export async function confirm(
  doomed: readonly Doomed[],
  { stdin, stderr }: Pick<World, "stdin" | "stderr">,
): Promise<string | null> {
  const answers = linesOf(stdin);
  for (const { name, about, deed } of doomed) {
    stderr.write(`${shownText(name)} ${about}. Type its name to ${deed}: `);
    const { value } = await answers.next();
    if (value === undefined) {
      stderr.write("\n");
      return "there was no answer";
    }
    if (value !== name) return `${quoted(value, shownCharactersMax)} is not ${shownText(name)}`;
  }
  return null;
}

/** The lines of an input, without their ends. */
async function* linesOf(input: Input): AsyncGenerator<string, undefined> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of input.chunks()) {
    text += decoder.decode(chunk, { stream: true });
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
      yield text.slice(0, end).replace(/\r$/, "");
      text = text.slice(end + 1);
    }
  }
  if (text !== "") yield text;
  return undefined;
}
