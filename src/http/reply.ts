/**
 * Answers as values: what a handler returns, and how it becomes HTTP. A handler knows no server.
 *
 * - What is not said to be cached is not: `Cache-Control: no-store`.
 * - A reply with an entity tag answers `If-None-Match` with 304 (RFC 9110 §13.1.2).
 * - HEAD is answered with the headers that GET would have, and its length where that is known,
 *   without the body; a stream is then not begun.
 */
import type { HttpError } from "./errors.ts";
import type { SocketSession } from "./socket.ts";

/** What an answer carries. */
export type Content =
  | { readonly kind: "none" }
  | { readonly kind: "json"; readonly value: unknown; readonly mediaType: string }
  | { readonly kind: "bytes"; readonly bytes: Uint8Array; readonly mediaType: string }
  /** Made when it is read, and read no faster than the peer takes it. */
  | {
      readonly kind: "stream";
      readonly open: () => ReadableStream<Uint8Array>;
      readonly mediaType: string;
      /** It may be silent for long; a peer that takes nothing for `streamStalledMsMax` is cut. */
      readonly isQuiet: boolean;
    }
  /** Becomes a WebSocket. */
  | { readonly kind: "socket"; readonly session: SocketSession };

/** One answer. */
export interface Reply {
  readonly status: number;
  readonly content: Content;
  readonly headers: Readonly<Record<string, string>>;
  /** Strong; quotes included. `null`: it has none. */
  readonly entityTag: string | null;
}

type Headers = Readonly<Record<string, string>>;

const replyOf = (status: number, content: Content, headers: Headers): Reply => {
  return { status, content, headers, entityTag: null };
};

export const jsonMediaType = "application/json";

/** A JSON answer. */
export const json = (
  value: unknown,
  options: {
    readonly status?: number;
    readonly mediaType?: string;
    readonly headers?: Headers;
  } = {},
): Reply => {
  const { status = 200, mediaType = jsonMediaType, headers = {} } = options;
  return replyOf(status, { kind: "json", value, mediaType }, headers);
};

/** 204. */
export const noContent = (headers: Headers = {}): Reply => replyOf(204, { kind: "none" }, headers);

/** Bytes as they are. */
export const bytes = (content: Uint8Array, mediaType: string, headers: Headers = {}): Reply =>
  replyOf(200, { kind: "bytes", bytes: content, mediaType }, headers);

/** An answer of unknown length; where nothing moves for long it is cut, unless it is quiet. */
export const stream = (
  open: () => ReadableStream<Uint8Array>,
  mediaType: string,
  {
    isQuiet = false,
    headers = {},
  }: { readonly isQuiet?: boolean; readonly headers?: Headers } = {},
): Reply => replyOf(200, { kind: "stream", open, mediaType, isQuiet }, headers);

/** The same answer, which may be asked for again by its entity tag. */
export const tagged = (reply: Reply, tag: string, headers: Headers = {}): Reply => ({
  ...reply,
  entityTag: `"${tag}"`,
  headers: { ...reply.headers, ...headers },
});

/** An error's answer. */
export const errorReply = ({ status, errorCode, message, headers }: HttpError): Reply =>
  json({ error_code: errorCode, message }, { status, headers });

/** What the answer depends on beside the reply. */
export interface ResponseTo {
  readonly method: string;
  /** The header's value. */
  readonly ifNoneMatch: string | null;
  /** For every answer to this request. */
  readonly headers: Headers;
}

/** The reply as HTTP has it; a socket's is made by the door. */
export function responseOf(reply: Reply, request: ResponseTo): Response {
  const headers: Record<string, string> = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    ...request.headers,
    ...reply.headers,
  };
  if (reply.entityTag !== null) {
    headers["etag"] = reply.entityTag;
    if (matches(request.ifNoneMatch, reply.entityTag)) {
      return new Response(null, { status: 304, headers });
    }
  }
  const { content, status } = reply;
  if (content.kind === "none" || content.kind === "socket") {
    return new Response(null, { status, headers });
  }
  headers["content-type"] = content.mediaType;
  if (content.kind === "stream") {
    const body = request.method === "HEAD" ? null : content.open();
    return new Response(body, { status, headers });
  }
  const { bytes: body } = wholeOf(content);
  headers["content-length"] = String(body.length);
  // The runtime copies it; no answer lies in memory that is shared.
  const given = body as Uint8Array<ArrayBuffer>;
  return new Response(request.method === "HEAD" ? null : given, { status, headers });
}

/** Content of which everything is there. */
export interface WholeContent {
  readonly bytes: Uint8Array;
  readonly mediaType: string;
}

/** All bytes of it; `null`: it has none, or they are made one after another. */
export function wholeOf(content: Content & { readonly kind: "json" | "bytes" }): WholeContent;
export function wholeOf(content: Content): WholeContent | null;
export function wholeOf(content: Content): WholeContent | null {
  if (content.kind === "bytes") return content;
  if (content.kind !== "json") return null;
  const { value, mediaType } = content;
  return { bytes: utf8.encode(`${JSON.stringify(value)}\n`), mediaType };
}

/** The same bytes, a piece at a time. */
export function piecesOf(all: Uint8Array, pieceBytes: number): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (at < all.length) controller.enqueue(all.subarray(at, at + pieceBytes));
        else controller.close();
        at += pieceBytes;
      },
    },
    { highWaterMark: 0 },
  );
}

const utf8 = new TextEncoder();

/** Weak comparison (RFC 9110 §8.8.3.2). */
function matches(ifNoneMatch: string | null, entityTag: string): boolean {
  if (ifNoneMatch === null) return false;
  if (ifNoneMatch.trim() === "*") return true;
  return ifNoneMatch.split(",").some((tag) => tag.trim().replace(/^W\//, "") === entityTag);
}
