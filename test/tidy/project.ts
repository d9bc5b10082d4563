/**
 * The files that the rules look at: this repository's, or a few small ones that a test makes up.
 * What is installed, built or written by a running broker is not the project's.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, posix } from "node:path";
import { type Module, readModule } from "./module.ts";

/** Never looked into. `data` is the broker's own at run time; only its README is ours. */
const skipped = new Set([".git", "node_modules", "dist", "data"]);
const textual = /\.(ts|tsx|js|css|md|sh|c|toml|json|txt)$|(^|\/)(run|LICENSE|\.\w+)$/;

/** All files by path, with `/`, relative to the root. */
export class Project {
  readonly paths: readonly string[];
  private readonly modules = new Map<string, Module>();

  constructor(
    private readonly texts: ReadonlyMap<string, string>,
    private readonly bytes: ReadonlyMap<string, number> = new Map(),
  ) {
    this.paths = [...texts.keys()].sort();
  }

  /** The content of a file; empty if there is none or if it is not text. */
  text(path: string): string {
    return this.texts.get(path) ?? "";
  }

  has(path: string): boolean {
    return this.texts.has(path);
  }

  bytesOf(path: string): number {
    return this.bytes.get(path) ?? this.text(path).length;
  }

  /** The TypeScript files, under `prefix` if it is given. */
  sources(prefix = ""): string[] {
    return this.paths.filter((path) => path.endsWith(".ts") && path.startsWith(prefix));
  }

  /** A TypeScript file, read; each is read once. */
  module(path: string): Module {
    const known = this.modules.get(path);
    if (known !== undefined) return known;
    const module = readModule(this.text(path));
    this.modules.set(path, module);
    return module;
  }

  /** The path that `specifier` names in the file `from`; `null` if it is a package. */
  static resolve(from: string, specifier: string): string | null {
    if (!specifier.startsWith(".")) return null;
    return posix.join(posix.dirname(from), specifier);
  }
}

/** This repository, read from `root`. */
export function readProject(root: string): Project {
  const texts = new Map<string, string>();
  const bytes = new Map<string, number>();
  const add = (path: string): void => {
    bytes.set(path, statSync(join(root, path)).size);
    texts.set(path, textual.test(path) ? readFileSync(join(root, path), "utf8") : "");
  };
  const walk = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = posix.join(folder, entry.name);
      if (entry.isDirectory() && !skipped.has(path)) walk(path);
      else if (entry.isFile()) add(path);
    }
  };
  walk("");
  add("data/README.md");
  return new Project(texts, bytes);
}
