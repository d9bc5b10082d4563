/**
 * A file of options: one `name = value` a line, names as on the command line without dashes.
 *
 *     # Whole lines may be comments, and so may the rest of a line.
 *     native-port = 8080
 *     cache       = 256MiB            # no quotes needed
 *     data        = "/srv/obelisk #1" # but allowed, and needed around a "#" or outer blanks
 *
 * Why not TOML, which Bun reads: its errors don't say in which line they are, and it would ask for
 * quotes around 256MiB. A file with its values in quotes is valid TOML all the same.
 */
import { printable } from "../base/printable.ts";
import { shownCharactersMax } from "../limits.ts";

/** One line that says something. */
export interface FileEntry {
  readonly name: string;
  readonly text: string;
  /** Counted from 1. */
  readonly line: number;
}

/** What a file holds, and what is wrong with it: one sentence for each bad line. */
export interface OptionFile {
  readonly path: string;
  readonly entries: readonly FileEntry[];
  readonly problems: readonly string[];
}

const assignment = /^([^\s=]+)\s*=\s*(.*)$/;
const inQuotes = /^"([^"]*)"\s*(?:#.*)?$/;

/** The value in the part after `=`; `null` if its quotes are not a pair. */
function unquoted(part: string): string | null {
  if (part.startsWith('"')) return inQuotes.exec(part)?.[1] ?? null;
  return part.replace(/(?:^|\s+)#.*$/, "").trimEnd();
}

/** Reads the text of a file. Never throws: problems are part of the answer. */
export function parseOptionFile(path: string, text: string): OptionFile {
  const entries: FileEntry[] = [];
  const problems: string[] = [];
  const lines = text.replace(/^\ufeff/, "").split(/\r?\n/);
  for (const [index, raw] of lines.entries()) {
    const content = raw.trim();
    if (content === "" || content.startsWith("#")) continue;
    const line = index + 1;
    const [, name, part] = assignment.exec(content) ?? [];
    const value = part === undefined ? null : unquoted(part);
    if (name === undefined || value === null) {
      const shown = printable(content, shownCharactersMax);
      problems.push(`${path}, line ${line}: expected name = value, found: ${shown}`);
      continue;
    }
    entries.push({ name, text: value, line });
  }
  return { path, entries, problems };
}
