/**
 * The console: a page for people, at `/`, and its files at `/console/`. What it shows it asks of
 * REST v3 and of `console-api/`.
 *
 * - Its page may load and ask nothing but this door (`Content-Security-Policy`), nobody may frame
 *   it, and it tells nobody where its reader comes from.
 * - Files are kept for ever, since their names change with them; the page is asked for each time
 *   and answered by its entity tag.
 */
import { consoleFiles } from "./console-files.ts";
import { type ConsoleFile, unpacked } from "./console-bundle.ts";
import { HttpError } from "./errors.ts";
import { bytes, type Reply, tagged } from "./reply.ts";
import { anyType, type Inbound, route, type Route } from "./route.ts";
import { text } from "./schema.ts";

const pageHeaders: Readonly<Record<string, string>> = {
  "content-security-policy":
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
    "object-src 'none'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=()",
  "referrer-policy": "no-referrer",
  "x-frame-options": "DENY",
};

/** The file, packed unless the client can't unpack it: two contents, hence two entity tags. */
function replyOf(file: ConsoleFile, request: Inbound, cacheControl: string): Reply {
  const isPacked = takesGzip(request.header("accept-encoding"));
  const headers = {
    ...pageHeaders,
    "cache-control": cacheControl,
    vary: "accept-encoding",
    ...(isPacked && { "content-encoding": "gzip" }),
  };
  const content = isPacked ? file.gzip : unpacked(file);
  return tagged(bytes(content, file.mediaType, headers), isPacked ? `${file.tag}-gz` : file.tag);
}

/** As `Accept-Encoding` says it (RFC 9110 §12.5.3). */
function takesGzip(header: string | null): boolean {
  const found = /(?:^|,)\s*(?:gzip|\*)\s*(?:;\s*q=([\d.]+))?\s*(?:,|$)/i.exec(header ?? "");
  return found !== null && Number(found[1] ?? 1) > 0;
}

async function fileNamed(name: string): Promise<ConsoleFile | HttpError> {
  return (await consoleFiles()).get(name) ?? HttpError.of(404, "the console has no such file");
}

const getPage = route({
  method: "GET",
  at: "/",
  operation: "getConsole",
  tag: "console",
  summary: "The console: a page for people.",
  answers: { 200: { doc: "The page.", mediaTypes: ["text/html"] } },
  isAlways: true,
  handle: async ({ request }) => {
    const page = await fileNamed("");
    return page instanceof HttpError ? page : replyOf(page, request, "no-cache");
  },
});

const getFile = route({
  method: "GET",
  at: "/console/{file}",
  operation: "getConsoleFile",
  tag: "console",
  summary: "What the console's page is made of.",
  path: { file: text() },
  answers: { 200: { doc: "The file.", mediaTypes: [anyType] } },
  isAlways: true,
  handle: async ({ path, request }) => {
    const file = await fileNamed(path.file);
    if (file instanceof HttpError) return file;
    return replyOf(file, request, "public, max-age=31536000, immutable");
  },
});

/** The routes of this family. */
export const consoleRoutes: readonly Route[] = [getPage, getFile];
