/**
 * Who may speak to this door at all. A browser on this machine runs other people's pages, and they
 * can send requests to 127.0.0.1:
 *
 * - DNS rebinding: a page whose name suddenly means 127.0.0.1 is of the same origin as the broker.
 *   So `Host` must be an address, `localhost`, or a name that the operator has given: a rebound
 *   name is none of them.
 * - Cross-site requests: a page of another origin may send what a form could. So an `Origin` must
 *   be this door's own or one that the operator allows, and a browser that says that a request
 *   comes from elsewhere (`Sec-Fetch-Site`) may only follow a link, and not to where a GET changes
 *   something: a reader's position, as it does for Confluent's clients.
 *
 * Programs send neither header and are not hindered. Sources: RFC 9110 §7.2, Fetch Standard (CORS),
 * W3C Fetch Metadata.
 */
import { HttpError } from "./errors.ts";

/** Whom the operator lets in beside this machine's own. */
export interface GuardRules {
  /** Names under which the door is reached, in lower case. */
  readonly hosts: readonly string[];
  /** Origins whose pages may use it, as browsers write them; in lower case. */
  readonly origins: readonly string[];
}

/** As much of a request as the guards look at. */
export interface Guarded {
  readonly method: string;
  header(name: string): string | null;
}

/** Why a request is turned away; `null`: it is let in. 400, 403, 421. */
export function turnedAway(request: Guarded, rules: GuardRules): HttpError | null {
  const host = request.header("host");
  if (host === null) return HttpError.of(400, "the request has no Host");
  const name = hostName(host);
  if (name === null) return HttpError.of(400, "the Host is none");
  if (!isAddress(name) && name !== "localhost" && !rules.hosts.includes(name)) {
    const message = "this door is not known by that name; --http-host names those it has";
    return HttpError.of(421, message);
  }
  const origin = request.header("origin");
  if (origin !== null) {
    if (isOwn(origin, host) || rules.origins.includes(origin.toLowerCase())) return null;
    return HttpError.of(403, "pages of that origin may not use it; --http-origin names those");
  }
  if (!isFromElsewhere(request)) return null;
  const isLink = request.method === "GET" && request.header("sec-fetch-mode") === "navigate";
  return isLink ? null : HttpError.of(403, "a page of another site may not ask this");
}

/** Whether a browser says that a page of somewhere else asks, other than one that is let in. */
export function isFromElsewhere(request: Guarded): boolean {
  const site = request.header("sec-fetch-site");
  const isOwnSite = site === null || site === "same-origin" || site === "none";
  return !isOwnSite && request.header("origin") === null;
}

/**
 * The headers that let a page of an allowed origin read an answer; none for others. `Vary` is said
 * to all as soon as there are such origins, so that no cache mixes the two.
 */
export function sharingHeaders(
  request: Guarded,
  rules: GuardRules,
): Readonly<Record<string, string>> {
  if (rules.origins.length === 0) return {};
  const origin = request.header("origin");
  if (origin === null || !rules.origins.includes(origin.toLowerCase())) return { vary: "origin" };
  return {
    vary: "origin",
    "access-control-allow-origin": origin,
    "access-control-expose-headers": "*",
  };
}

/** What a preflight of an allowed origin is told besides; `null`: the request is none. */
export function preflightHeaders(
  request: Guarded,
  allow: string,
): Readonly<Record<string, string>> | null {
  if (request.method !== "OPTIONS") return null;
  if (request.header("access-control-request-method") === null) return null;
  const wanted = request.header("access-control-request-headers");
  return {
    "access-control-allow-methods": allow,
    ...(wanted === null ? {} : { "access-control-allow-headers": wanted }),
    "access-control-max-age": "600",
  };
}

/** A host without its port, in lower case; `null`: it is none. */
function hostName(host: string): string | null {
  const found = /^(\[[\da-f:.]+\]|[a-z\d._-]+)(:\d{1,5})?$/i.exec(host);
  return found?.[1]?.toLowerCase() ?? null;
}

/** Addresses can't be rebound: no name was asked for. */
const isAddress = (name: string): boolean =>
  name.startsWith("[") || /^\d{1,3}(\.\d{1,3}){3}$/.test(name);

const isOwn = (origin: string, host: string): boolean =>
  origin.toLowerCase() === `http://${host.toLowerCase()}`;
