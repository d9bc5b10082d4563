/**
 * The console's files (`src/console/`), made for browsers: one script, one style sheet, an icon and
 * the page that names them, each packed with gzip. The build writes them into the executable as one
 * file ({@link packOf}); run from source, they are made when somebody asks for them.
 *
 * Names carry a hash of what is in them, so a browser may keep them for ever; the page's does not.
 */
import { fileURLToPath } from "node:url";
import { crc32c } from "../base/crc32c.ts";

/** One file, as a browser gets it. */
export interface ConsoleFile {
  /** Under `/console/`; empty for the page, which is at `/`. */
  readonly name: string;
  readonly mediaType: string;
  /** Of its content; without quotes. */
  readonly tag: string;
  readonly gzip: Uint8Array<ArrayBuffer>;
}

/** A file as a pack lists it. */
type Entry = Omit<ConsoleFile, "gzip"> & { readonly bytes: number };

const folder = fileURLToPath(new URL("../console/", import.meta.url));
const utf8 = new TextEncoder();

/** Makes all files from the source. Throws what the bundler throws: a mistake in the source. */
export async function bundleConsole(): Promise<readonly ConsoleFile[]> {
  const built = await Bun.build({
    entrypoints: [`${folder}main.ts`, `${folder}style.css`],
    target: "browser",
    minify: true,
    define: { "process.env.NODE_ENV": '"production"' },
  });
  const outputOf = async (extension: string): Promise<Uint8Array<ArrayBuffer>> => {
    const artifact = built.outputs.find(({ path }) => path.endsWith(extension));
    return artifact === undefined ? new Uint8Array() : new Uint8Array(await artifact.arrayBuffer());
  };
  const script = hashed("console", "js", "text/javascript; charset=utf-8", await outputOf(".js"));
  const style = hashed("console", "css", "text/css; charset=utf-8", await outputOf(".css"));
  const drawn = await Bun.file(`${folder}icon.svg`).bytes();
  const icon = hashed("icon", "svg", "image/svg+xml", drawn);
  const page = utf8.encode(pageOf(script.name, style.name, icon.name));
  return [fileOf("", "text/html; charset=utf-8", page), script, style, icon];
}

const fileOf = (
  name: string,
  mediaType: string,
  content: Uint8Array<ArrayBuffer>,
): ConsoleFile => ({
  name,
  mediaType,
  tag: hashOf(content),
  gzip: Bun.gzipSync(content, { level: 9 }),
});

const hashed = (
  stem: string,
  extension: string,
  mediaType: string,
  content: Uint8Array<ArrayBuffer>,
): ConsoleFile => fileOf(`${stem}-${hashOf(content)}.${extension}`, mediaType, content);

const hashOf = (content: Uint8Array): string =>
  crc32c(content, 0, content.length).toString(16).padStart(8, "0") + content.length.toString(16);

/** The script keeps the page from being painted before it has run, or it would be painted twice. */
const pageOf = (script: string, style: string, icon: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Obelisk</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="dark light">
<link rel="icon" href="/console/${icon}" type="image/svg+xml">
<link rel="stylesheet" href="/console/${style}">
<script type="module" src="/console/${script}" blocking="render"></script>
</head>
<body>
<noscript>This page needs JavaScript; /openapi.json describes what programs can ask.</noscript>
</body>
</html>
`;

/** All files as one: how long the list is (u32, little endian), the list in JSON, their bytes. */
export function packOf(files: readonly ConsoleFile[]): Uint8Array {
  const entries = files.map(({ gzip, ...file }): Entry => ({ ...file, bytes: gzip.length }));
  const head = utf8.encode(JSON.stringify(entries));
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, head.length, true);
  return Buffer.concat([length, head, ...files.map(({ gzip }) => gzip)]);
}

/** What {@link packOf} has made one of: this program's own, so it is not checked. */
export function filesOf(pack: Uint8Array<ArrayBuffer>): readonly ConsoleFile[] {
  const view = new DataView(pack.buffer, pack.byteOffset, pack.length);
  let at = 4 + view.getUint32(0, true);
  const entries = JSON.parse(new TextDecoder().decode(pack.subarray(4, at))) as readonly Entry[];
  return entries.map(({ bytes, ...file }) => {
    at += bytes;
    return { ...file, gzip: pack.subarray(at - bytes, at) };
  });
}

/** The file's content, for those who can't unpack it. */
export const unpacked = ({ gzip }: ConsoleFile): Uint8Array => Bun.gunzipSync(gzip);
