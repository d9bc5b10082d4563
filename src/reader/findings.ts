/** What verification has found in one partition: damage, and notes. Bounded: more is counted. */
import { verifyFindingsMax } from "../limits.ts";
import type { Damage } from "./item.ts";

/**
 * What is worth a note. Nothing acknowledged is lost by it.
 * - `torn`: a write that never finished, and was never acknowledged.
 * - `unsealed`: records that the next start makes durable before it serves them.
 * - `index`: an index that is missing, damaged or not true; it is derived from the log.
 * - `start`: the file that says where the log starts is damaged.
 * - `leftover`: files or bytes that nobody reads.
 * - `gone`: deleted by a broker while it was checked.
 */
export type NoteKind = "torn" | "unsealed" | "index" | "start" | "leftover" | "gone";

/** See {@link NoteKind}. */
export interface Note {
  readonly kind: NoteKind;
  readonly path: string;
  readonly message: string;
}

/** - `noted`: nothing is lost, and something is worth a note. - `damaged`: records are lost. */
export type Health = "healthy" | "noted" | "damaged";

/** See the head of this file. */
export class Findings {
  readonly damages: Damage[] = [];
  readonly notes: Note[] = [];
  /** Found beyond the limit, and not listed. */
  moreDamages = 0;
  moreNotes = 0;

  get health(): Health {
    if (this.damages.length > 0) return "damaged";
    return this.notes.length > 0 ? "noted" : "healthy";
  }

  damage(damage: Damage): void {
    if (this.damages.length < verifyFindingsMax) this.damages.push(damage);
    else this.moreDamages += 1;
  }

  note(kind: NoteKind, path: string, message: string): void {
    if (this.notes.length < verifyFindingsMax) this.notes.push({ kind, path, message });
    else this.moreNotes += 1;
  }
}
