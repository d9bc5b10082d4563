/** Counts and ranges in sentences. */
import { humanCount } from "./terminal.ts";

/** `1 segment`, `2 segments`. @param plural where an s is not enough */
export const counted = (count: number, noun: string, plural = `${noun}s`): string =>
  `${humanCount(count)} ${count === 1 ? noun : plural}`;

/** `offset 3`, `offsets 3 to 5`, as people count: both ends are meant. */
export const offsetsText = (from: number, to: number): string =>
  from === to ? `offset ${from}` : `offsets ${from} to ${to}`;
