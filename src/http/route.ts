/**
 * A route as a value: method, path, parameters, body and answers, each described once. From it come
 * routing (`router.ts`), the checks of a request, and the OpenAPI document (`openapi.ts`).
 *
 * `route()` gives a description's types to its handler, and hides them again: what is left is a
 * {@link Route}, which the door can ask without knowing any.
 */
import type { Cancel } from "../base/clock.ts";
import { httpJsonBytesMax } from "../limits.ts";
import { HttpError } from "./errors.ts";
import { mediaTypeOf, negotiate } from "./media.ts";
import { type Reply, jsonMediaType } from "./reply.ts";
import { BodyReader, jsonIn, type RawBody } from "./request.ts";
import { type Fields, Mismatch, parameters, type Type, type ValuesOf } from "./schema.ts";
import type { HttpServices, System } from "./services.ts";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** What a request may carry. */
export interface Body<B> {
  /**
   * `none`: what is sent is not looked at. `whole`: it is read before the handler is asked.
   * `stream`: the handler reads it, and ends the reader.
   */
  readonly kind: "none" | "whole" | "stream";
  /** Those that are taken; the first is the usual one. Any type is as `Accept` has it. */
  readonly mediaTypes: readonly string[];
  /** For the document; `null`: bytes. */
  readonly type: Type<unknown> | null;
  /** A request without a body, and without a type, is taken as well. */
  readonly isOptional: boolean;
  readonly read: (reader: BodyReader) => B | HttpError | Promise<B | HttpError>;
}

/** One kind of answer, for the document. */
export interface Answer {
  readonly doc: string;
  /** `null`: there is nothing in it. */
  readonly type?: Type<unknown>;
  /** The first is sent unless the client asks for another one. JSON by default. */
  readonly mediaTypes?: readonly string[];
}

/** Families of routes, as the document shows them. */
export type Tag =
  | "brokers"
  | "clusters"
  | "configs"
  | "console"
  | "consumer groups"
  | "health"
  | "metrics"
  | "partitions"
  | "records"
  | "REST v2"
  | "streams"
  | "topics"
  | "this document";

/** What a handler is told. */
export interface Call<P, Q, H, B> {
  /** What stands in the path. */
  readonly path: P;
  readonly query: Q;
  /** Request headers that the route describes, by their names in lower case. */
  readonly headers: H;
  readonly body: B;
  readonly request: Inbound;
  /** Of the body, in lower case; `null`: it has none. */
  readonly mediaType: string | null;
  /** What the client wants of what the route offers. */
  readonly accepted: string;
  readonly services: HttpServices;
}

/** A request, as the door hands it in. */
export interface Inbound {
  /** In upper case; HEAD is asked as GET. */
  readonly method: string;
  /** With its query. */
  readonly url: URL;
  /** All of them; `null` if there is none of that name. */
  readonly header: (name: string) => string | null;
  /** Names in lower case. */
  readonly headerNames: () => readonly string[];
  readonly body: RawBody;
  readonly system: System;
  /** Whether a large answer would be sent; asked before one is made. */
  readonly hasRoom: () => boolean;
  /**
   * Calls `cancel` once the peer is gone or the door closes: then what waits for long is to be
   * answered. Returns how to forget that.
   */
  readonly onEnd: (cancel: Cancel) => () => void;
}

/** What a family writes down for each of its routes. */
export interface Described<P extends Fields, Q extends Fields, H extends Fields, B> {
  readonly method: Method;
  /** As `/v3/topics/{topic_name}`; every name in braces is in `path`. */
  readonly at: string;
  /** Unique; what generated clients call it. */
  readonly operation: string;
  readonly tag: Tag;
  /** One sentence. */
  readonly summary: string;
  readonly path?: P;
  readonly query?: Q;
  readonly headers?: H;
  readonly body?: Body<B>;
  /** By status; those of errors need not be here unless they say more than the status does. */
  readonly answers: Readonly<Record<number, Answer>>;
  /** Statuses of errors that it may answer beside those that every route may. */
  readonly errors?: readonly number[];
  /** It is answered before the broker is there, and needs none. */
  readonly isAlways?: boolean;
  /** Being a GET, it changes something all the same: no link from another site leads here. */
  readonly isMoving?: boolean;
  readonly handle: (
    call: Call<ValuesOf<P>, ValuesOf<Q>, ValuesOf<H>, B>,
  ) => Reply | HttpError | Promise<Reply | HttpError>;
}

/** A route whose types are hidden. */
export interface Route extends Omit<
  Described<Fields, Fields, Fields, unknown>,
  "handle" | "path" | "query" | "headers" | "body" | "isAlways" | "isMoving"
> {
  readonly path: Fields;
  readonly query: Fields;
  readonly headers: Fields;
  readonly body: Body<unknown>;
  readonly isAlways: boolean;
  readonly isMoving: boolean;
  /** Checks everything, then asks the handler. Never rejects but for a defect. */
  readonly answer: (request: Inbound, names: PathValues) => Promise<Reply | HttpError>;
}

/** What the router has found in the path, decoded. */
export type PathValues = ReadonlyMap<string, string>;

/** Any media type. */
export const anyType = "*/*";

const nothing: Body<null> = {
  kind: "none",
  mediaTypes: [anyType],
  type: null,
  isOptional: true,
  read: () => null,
};

/** A body of one JSON value, `httpJsonBytesMax` or as many bytes as is said. */
export const jsonBody = <T>(
  type: Type<T>,
  mediaTypes: readonly string[] = [jsonMediaType],
  bytesMax = httpJsonBytesMax,
): Body<T> => ({
  kind: "whole",
  mediaTypes,
  type,
  isOptional: false,
  read: async (reader) => {
    const value = await jsonIn(reader, bytesMax);
    if (value instanceof HttpError) return value;
    const read = type.read(value);
    return read instanceof Mismatch ? HttpError.of(422, read.message) : read;
  },
});

/** A body that the handler reads itself, as it comes. @param type what it is, for the document */
export const streamBody = (
  mediaTypes: readonly string[],
  type: Type<unknown> | null,
): Body<BodyReader> => ({
  kind: "stream",
  mediaTypes,
  type,
  isOptional: false,
  read: (reader) => reader,
});

/** Makes a route of its description. */
export function route<
  const P extends Fields = Record<string, never>,
  const Q extends Fields = Record<string, never>,
  const H extends Fields = Record<string, never>,
  B = null,
>(described: Described<P, Q, H, B>): Route {
  const path = described.path ?? ({} as P);
  const query = described.query ?? ({} as Q);
  const headers = described.headers ?? ({} as H);
  const body = described.body ?? (nothing as Body<B>);
  const offered = offeredBy(described.answers);
  const readPath = pathReader(path);
  const readQuery = queryReader(query);
  const readHeaders = headersReader(headers);
  return {
    ...described,
    path,
    query,
    headers,
    body,
    isAlways: described.isAlways ?? false,
    isMoving: described.isMoving ?? false,
    answer: async (request, names) => {
      const given = readPath(names);
      if (given instanceof HttpError) return given;
      const asked = readQuery(request.url);
      if (asked instanceof HttpError) return asked;
      const said = readHeaders(request);
      if (said instanceof HttpError) return said;
      const accepted = acceptedOf(request, offered);
      if (accepted instanceof HttpError) return accepted;
      const services = servicesOf(request.system);
      const mediaType = mediaTypeOf(request.header("content-type"));
      const known = { path: given, query: asked, headers: said, accepted, mediaType, services };
      return await withBody(body, request, (sent) => {
        return described.handle({ ...known, body: sent, request });
      });
    },
  };
}

/** The media types of answers that are no errors; none: there is nothing in them. */
function offeredBy(answers: Readonly<Record<number, Answer>>): readonly string[] {
  const types = Object.entries(answers)
    .filter(([status]) => Number(status) < 300)
    .flatMap(([, { type, mediaTypes }]) => mediaTypes ?? (type === undefined ? [] : jsonTypes));
  return [...new Set(types)];
}

const jsonTypes: readonly string[] = [jsonMediaType];

/** What the client accepts of what is offered. */
function acceptedOf(request: Inbound, offered: readonly string[]): string | HttpError {
  if (offered.length === 0 || offered.includes(anyType)) return anyType;
  const accepted = negotiate(request.header("accept"), offered);
  return accepted ?? HttpError.of(406, `this can be had as ${offered.join(", ")}`);
}

/** A name in the path that can't be is a path that is not there. */
function pathReader<P extends Fields>(fields: P) {
  const readNames = parameters(fields);
  return (names: PathValues): ValuesOf<P> | HttpError => {
    const read = readNames((name) => {
      const value = names.get(name);
      return value === undefined ? [] : [value];
    });
    return read instanceof Mismatch ? HttpError.of(404, `path: ${read.message}`) : read;
  };
}

const noQuery = new URLSearchParams();

function queryReader<Q extends Fields>(fields: Q) {
  const readTexts = parameters(fields);
  return (url: URL): ValuesOf<Q> | HttpError => {
    // Most requests have none, and then nothing is made of it.
    const given = url.search === "" ? noQuery : url.searchParams;
    const unknown = [...given.keys()].find((name) => !Object.hasOwn(fields, name));
    if (unknown !== undefined) {
      const known = Object.keys(fields).join(", ");
      const what = known === "" ? "this takes none" : `known are ${known}`;
      return HttpError.of(400, `there is no query parameter of that name; ${what}`);
    }
    const read = readTexts((name) => given.getAll(name));
    return read instanceof Mismatch ? HttpError.of(400, `query: ${read.message}`) : read;
  };
}

function headersReader<H extends Fields>(fields: H) {
  const readTexts = parameters(fields);
  return (request: Inbound): ValuesOf<H> | HttpError => {
    const read = readTexts((name) => {
      const value = request.header(name);
      return value === null ? [] : [value];
    });
    return read instanceof Mismatch ? HttpError.of(400, `header ${read.message}`) : read;
  };
}

/** Reads the body, asks, and gives back what the body has held. */
async function withBody<B>(
  body: Body<B>,
  request: Inbound,
  ask: (sent: B) => Reply | HttpError | Promise<Reply | HttpError>,
): Promise<Reply | HttpError> {
  const fault = mediaTypeFault(body, request);
  if (fault !== null) return fault;
  const reader = BodyReader.of(request);
  if (reader instanceof HttpError) return reader;
  let isHandedOver = false;
  try {
    const sent = await body.read(reader);
    if (sent instanceof HttpError) return sent;
    isHandedOver = body.kind === "stream";
    return await ask(sent);
  } finally {
    if (!isHandedOver) reader.end();
  }
}

function mediaTypeFault<B>(body: Body<B>, request: Inbound): HttpError | null {
  if (body.mediaTypes.includes(anyType)) return null;
  const header = request.header("content-type");
  if (body.isOptional && header === null && !isAnnounced(request)) return null;
  const type = mediaTypeOf(header);
  if (type !== null && body.mediaTypes.includes(type)) return null;
  const accepted = body.mediaTypes.join(", ");
  return HttpError.of(415, `the Content-Type has to be ${accepted}`, { accept: accepted });
}

/** Whether a body comes with it (RFC 9112 §6.3). */
const isAnnounced = ({ header }: Inbound): boolean =>
  header("transfer-encoding") !== null || Number(header("content-length") ?? 0) > 0;

/** The door asks only routes that are always answered before there are any. */
function servicesOf({ services }: System): HttpServices {
  return services as HttpServices;
}
