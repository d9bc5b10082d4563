/**
 * The OpenAPI document (3.1), made of the same values that route and check requests, so it can't
 * say anything else than what is done.
 */
import { crc32c } from "../base/crc32c.ts";
import { errorBody } from "./errors.ts";
import { bytes, jsonMediaType, tagged } from "./reply.ts";
import { type Answer, type Body, route, type Route } from "./route.ts";
import { anything, type Fields, type JsonSchema, schemaOf, type Type } from "./schema.ts";

/** What of the document is not in the routes. */
export interface DocumentInfo {
  readonly version: string;
}

/** What every route may answer beside its own. */
const commonErrors: Readonly<Record<number, string>> = {
  400: "The request can't be understood.",
  403: "A page of another origin asks.",
  404: "There is nothing of that name.",
  405: "Another method; `Allow` says which.",
  406: "None of the media types that are accepted can be had.",
  421: "Another host is meant.",
  500: "The broker failed, or its disk.",
  503: "It starts, stops, or has too much to do.",
};

/** What a request with a body may be answered besides. */
const bodyErrors: Readonly<Record<number, string>> = {
  408: "The body did not come in time.",
  413: "The body, or a record in it, is too large.",
  415: "Another media type or coding.",
  422: "The body is JSON, but not what is described.",
};

const otherErrors: Readonly<Record<number, string>> = {
  409: "It does not fit the state of things.",
  426: "This path speaks WebSocket.",
  429: "Too much at a time.",
  507: "The disk is full.",
};

/** The document for these routes. */
function documentOf(routes: readonly Route[], info: DocumentInfo): JsonSchema {
  const paths: Record<string, Record<string, JsonSchema>> = {};
  const components = new Map<string, JsonSchema>();
  for (const each of routes) {
    (paths[each.at] ??= {})[each.method.toLowerCase()] = operationOf(each);
    for (const type of typesOf(each)) collect(type, components);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Obelisk over HTTP",
      version: info.version,
      description: "Paths under /v3 are those of Confluent's REST proxy.",
      license: { name: "MIT", identifier: "MIT" },
    },
    paths,
    components: { schemas: Object.fromEntries(components) },
  };
}

/** The route that serves it. @param routes all others */
export function openApiRoute(routes: readonly Route[], info: DocumentInfo): Route {
  let made: { readonly document: Uint8Array; readonly tag: string } | null = null;
  const self = route({
    method: "GET",
    at: "/openapi.json",
    operation: "getOpenApi",
    tag: "this document",
    summary: "This document.",
    isAlways: true,
    headers: {},
    answers: { 200: { doc: "OpenAPI 3.1.", type: anything() }, 304: { doc: "It is the same." } },
    handle: () => {
      if (made === null) {
        const text = JSON.stringify(documentOf([...routes, self], info));
        const document = new TextEncoder().encode(text);
        made = { document, tag: crc32c(document, 0, document.length).toString(16) };
      }
      const reply = bytes(made.document, jsonMediaType);
      return tagged(reply, made.tag, { "cache-control": "no-cache" });
    },
  });
  return self;
}

function operationOf(each: Route): JsonSchema {
  return {
    operationId: each.operation,
    summary: each.summary,
    tags: [each.tag],
    parameters: [
      ...parametersOf("path", each.path),
      ...parametersOf("query", each.query),
      ...parametersOf("header", each.headers),
    ],
    ...(each.body.kind === "none" ? {} : { requestBody: requestBodyOf(each.body) }),
    responses: responsesOf(each),
  };
}

const parametersOf = (place: "path" | "query" | "header", fields: Fields): JsonSchema[] =>
  Object.entries(fields).map(([name, type]) => ({
    name,
    in: place,
    required: !type.isOptional,
    schema: schemaOf(type),
  }));

const requestBodyOf = ({ mediaTypes, type, isOptional }: Body<unknown>): JsonSchema => {
  const media = type === null ? {} : { schema: schemaOf(type) };
  const content = Object.fromEntries(mediaTypes.map((each) => [each, media]));
  return { required: !isOptional, content };
};

function responsesOf(each: Route): JsonSchema {
  const responses: Record<string, JsonSchema> = {};
  const known = { ...commonErrors, ...(each.body.kind === "none" ? {} : bodyErrors) };
  for (const [status, doc] of Object.entries(known)) responses[status] = errorResponse(doc);
  for (const status of each.errors ?? []) {
    responses[status] = errorResponse(otherErrors[status] ?? "It can't be done.");
  }
  for (const [status, answer] of Object.entries(each.answers)) {
    responses[status] = responseOf(answer);
  }
  return responses;
}

const errorResponse = (doc: string): JsonSchema => ({
  description: doc,
  content: { [jsonMediaType]: { schema: schemaOf(errorBody) } },
});

const responseOf = ({ doc, type, mediaTypes = [jsonMediaType] }: Answer): JsonSchema => {
  if (type === undefined) return { description: doc };
  const media = { schema: schemaOf(type) };
  return { description: doc, content: Object.fromEntries(mediaTypes.map((each) => [each, media])) };
};

function typesOf(each: Route): Type<unknown>[] {
  const answered = Object.values(each.answers).flatMap(({ type }) => type ?? []);
  const asked = [each.path, each.query, each.headers].flatMap((fields) => Object.values(fields));
  return [errorBody, ...answered, ...asked, ...(each.body.type === null ? [] : [each.body.type])];
}

function collect(type: Type<unknown>, components: Map<string, JsonSchema>): void {
  if (type.name !== null) {
    if (components.has(type.name)) return;
    components.set(type.name, type.schema);
  }
  for (const part of type.parts) collect(part, components);
}
