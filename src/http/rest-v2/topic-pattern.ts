/**
 * A `topic_pattern`: a regular expression that the whole name of a topic has to match, as in Java.
 *
 * A client's expression runs against every topic while everybody waits, and some take years: what
 * multiplies the ways to try (repetitions, options, alternatives in a group) is bounded as a whole,
 * and no group is repeated.
 */
import { quoted } from "../../base/printable.ts";
import {
  shownCharactersMax,
  topicPatternCharactersMax,
  topicPatternChoicesMax,
  topicPatternRepeatChoices,
} from "../../limits.ts";
import { HttpError } from "../errors.ts";

/** The expression; 422 for one that is none, or that could take too long. */
export function topicPattern(given: string): RegExp | HttpError {
  const shown = quoted(given, shownCharactersMax);
  if (given.length > topicPatternCharactersMax) {
    const most = `at most ${topicPatternCharactersMax}`;
    return HttpError.of(422, `topic_pattern: ${given.length} characters; ${most}`);
  }
  const bare = given.replace(/\\[^\dk]/g, "_").replace(/\[[^\]]*\]/g, "_");
  if (choicesIn(bare) > topicPatternChoicesMax || /\)[*+{]|\\/.test(bare)) {
    const most = `at most ${topicPatternChoicesMax} choices`;
    const rule = `${most}, of which a repetition is ${topicPatternRepeatChoices}`;
    const what = `topic_pattern: ${shown} could take too long`;
    return HttpError.of(422, `${what}; ${rule}, no repeated groups, no references`);
  }
  try {
    return new RegExp(`^(?:${given})$`, "u");
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return HttpError.of(422, `topic_pattern: ${shown} is no regular expression`);
  }
}

/** Each doubles the ways to try at worst. Alternatives outside of groups come one after another. */
function choicesIn(bare: string): number {
  const repeats = bare.match(/[*+{]/g)?.length ?? 0;
  // Not those that make a repetition lazy, or a group a special one.
  const options = bare.match(/(?<![(*+?}])\?/g)?.length ?? 0;
  let alternatives = 0;
  let depth = 0;
  for (const character of bare) {
    if (character === "(") depth += 1;
    else if (character === ")") depth -= 1;
    else if (character === "|" && depth > 0) alternatives += 1;
  }
  return topicPatternRepeatChoices * repeats + options + alternatives;
}
