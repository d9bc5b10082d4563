/**
 * What a topic may be called, and which names are too much alike. What a name may consist of is
 * said with the directories that it names, in `log/layout.ts`.
 */
import { quoted } from "../base/printable.ts";
import { Refusal } from "../base/refusal.ts";
import { shownCharactersMax } from "../limits.ts";
import { nameFault } from "../log/layout.ts";

/** INVALID_TOPIC_EXCEPTION with what is wrong, or `null` for a name that may be used. */
export function topicNameFault(name: string): Refusal | null {
  const fault = nameFault(name);
  if (fault === null) return null;
  const shown = quoted(name, shownCharactersMax);
  return new Refusal("INVALID_TOPIC_EXCEPTION", `${shown} cannot be a topic's name: ${fault}`);
}

/** Names with the same key collide in metrics, where Kafka writes `_` for `.`: one may exist. */
export const collisionKey = (name: string): string => name.replaceAll(".", "_");

/** Whatever may touch one directory or collide has the same key, on any file system. */
export const turnKey = (name: string): string => collisionKey(name).toLowerCase();
