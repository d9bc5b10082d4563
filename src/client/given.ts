/**
 * What programs without types may hand over in place of what was asked for. It is refused at the
 * door: further in, it would fail where nobody waits for it, or be taken for something else.
 */

export const isText = (given: unknown): given is string => typeof given === "string";

/** A list; text is none, although it has a length and can be walked. */
export const isListOf = <T>(
  given: unknown,
  isOne: (each: unknown) => each is T,
): given is readonly T[] => Array.isArray(given) && given.every(isOne);

export const isRecord = (given: unknown): given is Readonly<Record<string, unknown>> =>
  typeof given === "object" && given !== null;

/** What has no length would be counted as nothing. */
export const isBytes = (given: unknown): given is Uint8Array => given instanceof Uint8Array;

/** For what may be left out. */
export const isAbsentOr = (given: unknown, isOne: (each: unknown) => boolean): boolean =>
  given === undefined || isOne(given);
