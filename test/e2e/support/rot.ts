/**
 * What can become of a file at rest: a bit flips, a part is cut off or written over, it vanishes,
 * an older copy is put back, another file comes to lie in its place.
 */
import fs from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Random } from "../../../src/base/random.ts";
import { oneOf } from "./chance.ts";

/** Something that was done to a file of a directory. */
export interface Rot {
  /** Relative to the directory. */
  readonly path: string;
  /** In words, with all numbers. */
  readonly what: string;
  /** The other file, which it was exchanged with. */
  readonly other?: string;
}

const pageBytes = 4096;

/** All regular files below a directory with something in them, sorted: the lock is empty. */
function filesIn(directory: string): string[] {
  const names = fs.readdirSync(directory, { recursive: true, encoding: "utf8" }).sort();
  return names.filter((name) => {
    const stat = fs.lstatSync(join(directory, name));
    return stat.isFile() && stat.size > 0;
  });
}

/** A file that something is done to. */
interface Place {
  readonly directory: string;
  /** An earlier copy of the directory. */
  readonly older: string;
  readonly path: string;
  readonly full: string;
  /** Its content: a copy. */
  readonly bytes: Buffer;
  readonly random: Random;
}

/** What was done, in words, and with which other file; `null`: it can't be done to this one. */
type Change = (place: Place) => { readonly what: string; readonly other?: string } | null;

const changes = {
  flip({ bytes, full, random }) {
    const at = placeIn(bytes, random);
    const bit = random.below(8);
    bytes[at]! ^= 1 << bit;
    fs.writeFileSync(full, bytes);
    return { what: `byte ${at} bit ${bit}` };
  },
  truncate({ bytes, full, random }) {
    const length = random.below(bytes.length);
    fs.truncateSync(full, length);
    return { what: `to ${length} of ${bytes.length}` };
  },
  remove({ full, path }) {
    // Without it the log starts with its first file, and nothing says that it once started later.
    if (basename(path) === "start") return null;
    fs.rmSync(full);
    return { what: "" };
  },
  older({ older, path, full, bytes }) {
    // The database is whole in itself, and nothing says that there was a newer one.
    const before = join(older, path);
    if (path === "obelisk.db" || !fs.existsSync(before)) return null;
    const content = fs.readFileSync(before);
    if (content.equals(bytes)) return null;
    fs.writeFileSync(full, content);
    return { what: `of ${content.length} bytes for ${bytes.length}` };
  },
  zero({ bytes, full, random }) {
    const page = pageIn(bytes, random);
    const end = Math.min(page + pageBytes, bytes.length);
    if (bytes.subarray(page, end).every((byte) => byte === 0)) return null;
    fs.writeFileSync(full, bytes.fill(0, page, end));
    return { what: `page at ${page}` };
  },
  repeat({ bytes, full, random }) {
    const [from, page] = [pageIn(bytes, random), pageIn(bytes, random)];
    const before = Buffer.from(bytes);
    bytes.set(before.subarray(from, from + Math.min(pageBytes, bytes.length - page)), page);
    if (before.equals(bytes)) return null;
    fs.writeFileSync(full, bytes);
    return { what: `page at ${from} over that at ${page}` };
  },
  swap: (place) => exchange(place, true),
  misplace: (place) => exchange(place, false),
} satisfies Record<string, Change>;

type RotKind = keyof typeof changes;
const kinds = Object.keys(changes) as [RotKind, ...RotKind[]];

/** Does any such thing to any file of a directory. */
export function rot(directory: string, older: string, random: Random): Rot {
  const paths = filesIn(directory) as [string, ...string[]];
  for (;;) {
    const path = oneOf(random, paths);
    const kind = oneOf(random, kinds);
    const full = join(directory, path);
    const change: Change = changes[kind];
    const place = { directory, older, path, full, bytes: fs.readFileSync(full), random };
    const done = change(place);
    if (done !== null) return { path, ...done, what: `${kind} ${path} ${done.what}` };
  }
}

/** A byte, more often one that means something: databases are mostly zeros. */
function placeIn(bytes: Uint8Array, random: Random): number {
  let at = random.below(bytes.length);
  for (let left = 8; left > 0 && bytes[at] === 0; left--) at = random.below(bytes.length);
  return at;
}

function pageIn(bytes: Uint8Array, random: Random): number {
  return pageBytes * random.below(Math.ceil(bytes.length / pageBytes));
}

/**
 * Exchanges a segment's file with one of the same kind, of the same partition or of another topic.
 * Not a log with one of another topic: batches don't say whose they are, so nobody finds that out.
 */
function exchange({ directory, path, full, random }: Place, isNear: boolean): ReturnType<Change> {
  const [, extension = ""] = /\d{20}(\.\w+)$/.exec(path) ?? [];
  if (extension === "" || (!isNear && extension === ".log")) return null;
  const others = filesIn(directory).filter((name) => {
    const isIts = (dirname(name) === dirname(path)) === isNear;
    return name !== path && name.endsWith(extension) && isIts;
  });
  if (others.length === 0) return null;
  const other = oneOf(random, others as [string, ...string[]]);
  fs.renameSync(full, `${full}.aside`);
  fs.renameSync(join(directory, other), full);
  fs.renameSync(`${full}.aside`, join(directory, other));
  return { what: `with ${other}`, other };
}
