/**
 * Quantities that are all numbers and must not be confused. A brand exists for the compiler
 * only. A log offset counts records and a position in a file counts bytes.
 */

declare const brand: unique symbol;
type Branded<Name extends string> = number & { readonly [brand]: Name };

/** The number of a record in its partition; never used twice, gaps are allowed. */
export type Offset = Branded<"Offset">;
/** Names a plain number an offset. Safe integers only: the wire's int64 is checked where read. */
export const offset = (value: number): Offset => value as Offset;
