/**
 * Where `obelisk top` looks: `/metrics` of a broker's HTTP port, this machine's or any other's, by
 * its address as a URL.
 *
 * A look ends within `topScrapeMsMax`, and never throws: what went wrong is a sentence.
 */
import type { Clock } from "../base/clock.ts";
import { printable } from "../base/printable.ts";
import { failureCharactersMax, topScrapeMsMax } from "../limits.ts";
import { defineOption } from "./option.ts";
import type { About, Option } from "./option.ts";
import { humanDuration } from "./terminal.ts";
import { type Scrape, ScrapeFailure, ScrapeReader, wantedNames } from "./top-scrape.ts";

/** A scrape, and when it was made. */
export interface Sample {
  readonly scrape: Scrape;
  /** Milliseconds of the monotonic clock of this machine. */
  readonly atMs: number;
}

/** Looks once. @param signal ends it early */
export type Look = (signal: AbortSignal) => Promise<Sample | ScrapeFailure>;

/** The address of an HTTP port. */
export const httpUrl = <D extends URL | null>(about: About<D>): Option<URL | D> =>
  defineOption<URL, D>(
    {
      placeholder: "<url>",
      expected: "the address of a broker's HTTP port, as http://127.0.0.1:8081",
      range: null,
      parse(given) {
        const url = URL.parse(given);
        const isWeb = url?.protocol === "http:" || url?.protocol === "https:";
        return isWeb && url.search === "" && url.hash === "" ? url : undefined;
      },
      show: ({ href }) => href,
    },
    about,
  );

/** As people see it: without the name and the password that may stand in it. */
export const sourceName = ({ protocol, host, pathname }: URL): string =>
  `${protocol === "https:" ? "https://" : ""}${host}${pathname === "/" ? "" : pathname}`;

/** What looks at a broker. */
export function sourceAt(base: URL, clock: Clock): Look {
  const { url, headers } = requestOf(base);
  const narrow = new URL(url);
  for (const name of wantedNames) narrow.searchParams.append("name[]", name);
  /** A broker that can't tell less refuses to be asked for it, and tells everything. */
  let isNarrow = true;
  return async (signal) => {
    const ending = new AbortController();
    let isLate = false;
    const cancel = clock.after(topScrapeMsMax, () => {
      isLate = true;
      ending.abort();
    });
    const stop = (): void => ending.abort();
    signal.addEventListener("abort", stop);
    const begunMs = clock.monotonic();
    const ask = (from: URL): Promise<Response> =>
      fetch(from, { headers, signal: ending.signal, redirect: "manual" });
    try {
      let response = await ask(isNarrow ? narrow : url);
      if (isNarrow && response.status === 400) {
        isNarrow = false;
        await response.body?.cancel();
        response = await ask(url);
      }
      const scrape = await read(response);
      if (scrape instanceof ScrapeFailure) return scrape;
      return { scrape, atMs: (begunMs + clock.monotonic()) / 2 };
    } catch (error) {
      if (!isLate) return failureOf(error);
      return new ScrapeFailure(`it did not answer within ${humanDuration(topScrapeMsMax)}`);
    } finally {
      cancel();
      signal.removeEventListener("abort", stop);
    }
  };
}

/** Name and password go into a header. */
function requestOf(base: URL): { readonly url: URL; readonly headers: Record<string, string> } {
  const { username, password } = base;
  const url = new URL(base);
  url.pathname = `${base.pathname.replace(/\/$/, "")}/metrics`;
  url.username = "";
  url.password = "";
  const secret = Buffer.from(`${decoded(username)}:${decoded(password)}`).toString("base64");
  const isSecret = username !== "" || password !== "";
  const authorization = isSecret ? { authorization: `Basic ${secret}` } : {};
  return { url, headers: { accept: "text/plain", ...authorization } };
}

/** A percent sign may stand for itself. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch (error) {
    if (error instanceof URIError) return part;
    throw error;
  }
}

/** The system's codes that are usual, in words. */
const failures: ReadonlyMap<string, string> = new Map([
  ["ECONNREFUSED", "nobody listens there"],
  ["ECONNRESET", "the connection was closed before it had answered"],
  ["ENOTFOUND", "there is no host of that name"],
]);

function failureOf(error: unknown): ScrapeFailure {
  if (!(error instanceof Error)) return new ScrapeFailure(String(error));
  const known = "code" in error ? failures.get(String(error.code)) : undefined;
  return new ScrapeFailure(known ?? printable(error.message, failureCharactersMax));
}

async function read(response: Response): Promise<Scrape | ScrapeFailure> {
  const { status, headers, body } = response;
  const type = headers.get("content-type") ?? "";
  if (status !== 200 || !type.startsWith("text/plain") || body === null) {
    await body?.cancel();
    if (status === 503) return new ScrapeFailure("the broker is starting or stopping");
    if (status !== 200) return new ScrapeFailure(`/metrics answers with status ${status}`);
    return new ScrapeFailure("it has no metrics: is it the HTTP port of a broker?");
  }
  const reader = new ScrapeReader();
  for await (const chunk of body) {
    const failure = reader.add(chunk);
    if (failure !== null) return failure;
  }
  return reader.end();
}
