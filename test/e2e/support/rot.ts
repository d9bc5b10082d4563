/**
 * What can become of a file at rest: a bit flips, a part is cut off or written over, it vanishes,
 * an older copy is put back, another file comes to lie in its place.
 */
import fs from "node:fs";
import { dirname, join } from "node:path";
import type { Random } from "../../../src/base/random.ts";
import { oneOf } from "./chance.ts";

/** Something that was done to a file of a directory. */
export interface Rot {
  readonly kind: RotKind;
  /** Relative to the directory. */
  readonly path: string;
  /** In words, with all numbers. */
  readonly what: string;
  /** The other file, which it was exchanged with. */
  readonly other?: string;
}

export const rotKinds = [
  ...(["flip", "truncate", "remove", "older", "swap", "misplace", "zero", "repeat"] as const),
] as const;
type RotKind = (typeof rotKinds)[number];

const pageBytes = 4096;

/** All regular files below a directory with something in them, sorted, but for the lock. */
export function filesIn(directory: string): string[] {
  const names = fs.readdirSync(directory, { recursive: true, encoding: "utf8" }).sort();
  return names.filter((name) => {
    const stat = fs.lstatSync(join(directory, name));
    return stat.isFile() && stat.size > 0;
  });
}

/** Does one such thing to a file, or `null` if it can't be done to it. */
export function rot(
  { directory, older }: { readonly directory: string; readonly older: string },
  path: string,
  kind: RotKind,
  random: Random,
): Rot | null {
  const full = join(directory, path);
  const bytes = fs.readFileSync(full);
  const done = (what: string, other?: string): Rot => {
    return {
      kind,
      path,
      what: `${kind} ${path} ${what}`,
      ...(other === undefined ? {} : { other }),
    };
  };
  const at = placeIn(bytes, random);
  const page = at - (at % pageBytes);
  switch (kind) {
    case "flip": {
      const bit = random.below(8);
      bytes[at]! ^= 1 << bit;
      fs.writeFileSync(full, bytes);
      return done(`byte ${at} bit ${bit}`);
    }
    case "truncate":
      fs.truncateSync(full, at);
      return done(`to ${at} of ${bytes.length}`);
    case "remove":
      fs.rmSync(full);
      return done("");
    case "older": {
      // It is whole in itself, and nothing says that there was a newer one.
      if (path === "obelisk.db") return null;
      const before = join(older, path);
      if (!fs.existsSync(before)) return null;
      const content = fs.readFileSync(before);
      if (content.equals(bytes)) return null;
      fs.writeFileSync(full, content);
      return done(`of ${content.length} bytes for ${bytes.length}`);
    }
    case "zero":
      if (bytes.subarray(page, page + pageBytes).every((byte) => byte === 0)) return null;
      bytes.fill(0, page, Math.min(page + pageBytes, bytes.length));
      fs.writeFileSync(full, bytes);
      return done(`page at ${page}`);
    case "repeat": {
      const from = pageBytes * random.below(Math.ceil(bytes.length / pageBytes));
      const before = Buffer.from(bytes);
      bytes.set(before.subarray(from, from + Math.min(pageBytes, bytes.length - page)), page);
      if (before.equals(bytes)) return null;
      fs.writeFileSync(full, bytes);
      return done(`page at ${from} over that at ${page}`);
    }
    case "swap":
    case "misplace": {
      const other = partner(directory, path, kind, random);
      if (other === null) return null;
      fs.renameSync(full, `${full}.aside`);
      fs.renameSync(join(directory, other), full);
      fs.renameSync(`${full}.aside`, join(directory, other));
      return done(`with ${other}`, other);
    }
  }
}

/** A byte, more often one that means something: databases are mostly zeros. */
function placeIn(bytes: Uint8Array, random: Random): number {
  let at = random.below(bytes.length);
  for (let left = 8; left > 0 && bytes[at] === 0; left--) at = random.below(bytes.length);
  return at;
}

/**
 * Another segment's file of the same kind, of the same partition or of another topic. Not a log of
 * another topic: batches don't say whose they are, so that is not found out.
 */
function partner(
  directory: string,
  path: string,
  kind: "swap" | "misplace",
  random: Random,
): string | null {
  const [, extension = ""] = /\d{20}(\.\w+)$/.exec(path) ?? [];
  if (extension === "" || (kind === "misplace" && extension === ".log")) return null;
  const others = filesIn(directory).filter((name) => {
    const isNear = dirname(name) === dirname(path);
    return name !== path && name.endsWith(extension) && isNear === (kind === "swap");
  });
  return others.length === 0 ? null : oneOf(random, others as [string, ...string[]]);
}
