/**
 * A `topic_pattern`: a regular expression that the whole name of a topic has to match, as in Java.
 *
 * A client's expression runs against every topic while everybody waits, and some take years: so
 * repetitions are few, and none repeats a group.
 */
import { quoted } from "../../base/printable.ts";
import {
  shownCharactersMax,
  topicPatternCharactersMax,
  topicPatternRepeatsMax,
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
  const repeats = bare.match(/[*+{]/g)?.length ?? 0;
  if (repeats > topicPatternRepeatsMax || /\)[*+{]|\\/.test(bare)) {
    const rule = `at most ${topicPatternRepeatsMax} repetitions, none of a group, no references`;
    return HttpError.of(422, `topic_pattern: ${shown} could take too long; ${rule}`);
  }
  try {
    return new RegExp(`^(?:${given})$`, "u");
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return HttpError.of(422, `topic_pattern: ${shown} is no regular expression`);
  }
}
