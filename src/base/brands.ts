/**
 * Quantities that are all numbers and must not be confused. A brand exists for the compiler
 * only. A log offset is a count of records; a position is a count of bytes in one file.
 */

declare const brand: unique symbol;
type Branded<Name extends string> = number & { readonly [brand]: Name };

/** The number of a record in its partition; never used twice, gaps are allowed. */
export type Offset = Branded<"Offset">;
/** A byte position in one segment file. */
export type Position = Branded<"Position">;

/** Names a plain number an offset. Safe integers only: the wire's int64 is checked where read. */
export const offset = (value: number): Offset => value as Offset;
/** Names a plain number a position. */
export const position = (value: number): Position => value as Position;
/** The offset `count` records later. */
export const offsetAfter = (from: Offset, count: number): Offset => (from + count) as Offset;
