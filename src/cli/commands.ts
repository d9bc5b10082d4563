/**
 * All commands. A new one is a file that exports one value, and a line here.
 *
 * They are loaded when they are needed: with `bun build --splitting`, `version` then starts in
 * 7 ms instead of 11 (without it, a bundle loads every built-in module at once, lazy or not).
 */
import type { Registry } from "./program.ts";

export const commands: Registry = {
  serve: async () => (await import("./serve.ts")).serve,
  read: async () => (await import("./read.ts")).read,
  check: async () => (await import("./check.ts")).check,
  import: async () => (await import("./import.ts")).importTopics,
  produce: async () => (await import("./produce.ts")).produce,
  consume: async () => (await import("./consume.ts")).consume,
  groups: async () => (await import("./groups.ts")).groups,
  topics: async () => (await import("./topics.ts")).topics,
  bench: async () => (await import("./bench.ts")).bench,
  top: async () => (await import("./top.ts")).top,
  version: async () => (await import("./version.ts")).version,
};
