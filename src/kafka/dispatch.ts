/**
 * From the bytes of a request to those of its response: header, table, handler, table, header.
 *
 * A request of an API or a version that is not served has no answer that its client could read:
 * its connection ends, as in Kafka. ApiVersions alone is answered in any version (KIP-511), since
 * it is how a client learns what it may send.
 */
import { codec } from "../wire/codec.ts";
import { Malformed, type Reader } from "../wire/reader.ts";
import type { Api, Row, Shape } from "../wire/table.ts";
import type { Writer } from "../wire/writer.ts";
import { type ApiName, apis, isServed } from "./apis.ts";
import type { Answer, Handler, Handlers, RequestContext } from "./handler.ts";
import * as cluster from "./handlers/cluster.ts";
import * as configs from "./handlers/configs.ts";
import * as fetches from "./handlers/fetch.ts";
import * as groups from "./handlers/groups.ts";
import * as metadata from "./handlers/metadata.ts";
import * as offsets from "./handlers/offsets.ts";
import * as produce from "./handlers/produce.ts";
import * as producers from "./handlers/producers.ts";
import * as topics from "./handlers/topics.ts";
import { readRequestHeader, writeResponseHeader } from "./headers.ts";

const handlers: Handlers = {
  ...cluster.handlers,
  ...configs.handlers,
  ...fetches.handlers,
  ...groups.handlers,
  ...metadata.handlers,
  ...offsets.handlers,
  ...produce.handlers,
  ...producers.handlers,
  ...topics.handlers,
};

/** An API with the function that answers it. */
export interface Route {
  readonly name: ApiName;
  readonly api: Api;
  readonly handle: (request: Row<Shape>, context: RequestContext) => Answer<Row<Shape>>;
}

const routes = new Map<number, Route>();
for (const name of Object.keys(apis) as ApiName[]) {
  const handle = handlers[name] as Handler<ApiName> as Route["handle"];
  routes.set(apis[name].key, { name, api: apis[name], handle });
}

/** Where a request goes, by the first bytes of its header. */
export interface Routed {
  readonly route: Route;
  readonly apiVersion: number;
}

/** Bytes of key and version. */
const routingBytes = 4;

/** Finds the route of a request; a text says why there is none. */
export function routeOf(view: DataView, start: number, end: number): Routed | string {
  if (end - start < routingBytes) return "a request ends within its header";
  const apiKey = view.getInt16(start);
  const apiVersion = view.getInt16(start + 2);
  const route = routes.get(apiKey);
  if (route === undefined) return `API ${apiKey} is not served`;
  if (isServed(route.api, apiVersion) || route.name === "ApiVersions") {
    return { route, apiVersion };
  }
  return `version ${apiVersion} of ${route.name} is not served`;
}

/** A request that was read. */
export interface ReadRequest {
  readonly correlationId: number;
  readonly clientId: string;
  readonly request: Row<Shape>;
  /** That of the response: the same as the request's, but for an unknown one of ApiVersions. */
  readonly responseVersion: number;
}

/** Reads a request that has a route. */
export function readRequest(
  reader: Reader,
  { route, apiVersion }: Routed,
): ReadRequest | Malformed {
  const header = readRequestHeader(reader);
  if (header instanceof Malformed) return header;
  const { correlationId } = header;
  const clientId = header.clientId ?? "";
  if (!isServed(route.api, apiVersion)) {
    // Nothing is known of the form of this version: the handler needs none of it.
    return { correlationId, clientId, request: unreadRequest, responseVersion: 0 };
  }
  const request = codec(route.api.request, apiVersion).read(reader);
  if (request instanceof Malformed) return request;
  return { correlationId, clientId, request, responseVersion: apiVersion };
}

const unreadRequest: Row<Shape> = Object.freeze({});

/** Writes a response, in pieces. */
export function writeResponse(
  writer: Writer,
  { api }: Route,
  { correlationId, responseVersion }: Pick<ReadRequest, "correlationId" | "responseVersion">,
  response: Row<Shape>,
): Uint8Array[] {
  writer.begin();
  writeResponseHeader(writer, api, responseVersion, correlationId);
  codec(api.response, responseVersion).write(writer, response);
  return writer.finish();
}
