/**
 * What a fuzzer is made of: a target makes inputs and opens subjects, a subject takes inputs, one
 * after another, and says what came of each. Both are the same again for the same random numbers.
 */
import type { Random } from "../../src/base/random.ts";

/** Inputs that one subject takes, in their order. */
export type Case = readonly Uint8Array[];

/** What is wrong with the product; other errors that a subject throws are findings as well. */
export class Finding extends Error {
  override readonly name = "Finding";
}

/** What takes inputs: a piece of the product, with all that it stands on. */
export interface Subject {
  /** What came of it, in words: the same for what is handled alike. */
  take(input: Uint8Array): Promise<readonly string[]>;
  /** Processor time of the longest turn of the last input, in ms; left out: all of it was one. */
  readonly longestMs?: number;
  /** Looks at all that the inputs have left behind, and lets go of it. */
  close(): Promise<void>;
}

/** See the head of this file. */
export interface Target {
  readonly name: string;
  /** So many inputs are taken by one subject. */
  readonly inputsPerSubject: number;
  /** What one input may allocate in buffers beside twice its own bytes. */
  readonly allocatedBytesMax: number;
  /** Inputs that no chance is needed for, such as one that is cut off at each of its bytes. */
  systematic(): Iterable<Uint8Array>;
  /** An input from chance. @param kept inputs that did something new */
  generate(random: Random, kept: readonly Uint8Array[]): Uint8Array;
  open(): Promise<Subject>;
}

/** Fails the input that is being taken. */
export function require(condition: boolean, finding: () => string): void {
  if (!condition) throw new Finding(finding());
}

/** A text without its numbers: what differs in them alone is the same outcome. */
export const withoutNumbers = (text: string): string => text.replaceAll(/-?\d+/g, "#");
