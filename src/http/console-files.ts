/**
 * Where the console's files come from: out of the executable, read when somebody first asks, so
 * that neither a start nor memory pays for a page that nobody opens; or, where the program runs
 * from source, made then and there.
 */
import { bundleConsole, type ConsoleFile, filesOf } from "./console-bundle.ts";

/** How the pack is called in the executable: `scripts/build.ts` puts it there. */
export const packName = "console.pack";

export type ConsoleFiles = ReadonlyMap<string, ConsoleFile>;

let files: Promise<ConsoleFiles> | null = null;

/** By name; the same for all who ask. */
export function consoleFiles(): Promise<ConsoleFiles> {
  files ??= load();
  return files;
}

async function load(): Promise<ConsoleFiles> {
  const [stem = ""] = packName.split(".");
  // The bundler puts a hash between the name and its ending.
  const embedded = Bun.embeddedFiles.find((blob) => "name" in blob && isPack(blob.name, stem));
  const found = embedded ? filesOf(await embedded.bytes()) : await bundleConsole();
  return new Map(found.map((file) => [file.name, file]));
}

const isPack = (name: unknown, stem: string): boolean =>
  typeof name === "string" && name.startsWith(stem) && name.endsWith(".pack");
