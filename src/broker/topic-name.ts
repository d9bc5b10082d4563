/**
 * What a topic may be called. A valid name is also the name of its directory and a label in
 * metrics, so these rules are what keeps both safe (Apache Kafka, `common/internals/Topic.java`).
 */
import { quoted } from "../base/printable.ts";
import { Refusal } from "../base/refusal.ts";
import { shownCharactersMax, topicNameCharactersMax } from "../limits.ts";

/** How the directories of deleted topics begin; such a name would be removed at the next start. */
export const deletedPrefix = ".deleted-";

const allowed = /^[a-zA-Z0-9._-]+$/;
const notAllowed = /[^a-zA-Z0-9._-]/u;

/** INVALID_TOPIC_EXCEPTION with what is wrong, or `null` for a name that may be used. */
export function topicNameFault(name: string): Refusal | null {
  const fault = faultOf(name);
  if (fault === null) return null;
  return new Refusal(
    "INVALID_TOPIC_EXCEPTION",
    `${quoted(name, shownCharactersMax)} cannot be a topic's name: ${fault}. Allowed are 1 to ` +
      `${topicNameCharactersMax} of the characters a-z A-Z 0-9 . _ -`,
  );
}

function faultOf(name: string): string | null {
  if (name === "") return "it is empty";
  if (name === "." || name === "..") return "it means a directory";
  if (name.length > topicNameCharactersMax) return `it has ${name.length} characters`;
  if (name.toLowerCase().startsWith(deletedPrefix)) return `it begins with ${deletedPrefix}`;
  if (allowed.test(name)) return null;
  const [character] = notAllowed.exec(name) ?? [""];
  return `it contains ${quoted(character, shownCharactersMax)}`;
}

/** Names with the same key collide in metrics, where Kafka writes `_` for `.`: one may exist. */
export const collisionKey = (name: string): string => name.replaceAll(".", "_");

/** Whatever may touch one directory or collide has the same key, on any file system. */
export const turnKey = (name: string): string => collisionKey(name).toLowerCase();
