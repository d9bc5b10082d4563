/**
 * What stands before each request and each response. Its own version follows from the key and the
 * version of the message:
 *
 *     request header 1    apiKey int16, apiVersion int16, correlationId int32, clientId string?
 *     request header 2    the same, then tagged fields: flexible versions (KIP-482)
 *     response header 0   correlationId int32
 *     response header 1   the same, then tagged fields: flexible versions, except ApiVersions
 *
 * The client id has its old length, an int16, in both. Request header 0 had none; it was only ever
 * used by ControlledShutdown 0, which no client sends.
 */
import { codec } from "../wire/codec.ts";
import { Malformed, type Reader } from "../wire/reader.ts";
import { type Api, type Row, int16, int32, message, string } from "../wire/table.ts";
import type { Writer } from "../wire/writer.ts";
import { apiOf } from "./apis.ts";

export const RequestHeader = message(
  { name: "RequestHeader", versions: [1, 2], flexible: 2 },
  {
    requestApiKey: int16,
    requestApiVersion: int16,
    correlationId: int32,
    clientId: string.nullable().inflexible(),
  },
);

export const ResponseHeader = message(
  { name: "ResponseHeader", versions: [0, 1], flexible: 1 },
  { correlationId: int32 },
);

/** Which API, which version, whose answer. */
export type RequestHeaderRow = Row<typeof RequestHeader.shape>;

/** Bytes of key and version, which tell what form the rest has. */
const formBytes = 4;

/**
 * Reads the header of a request. An API that is not served is read as if it were not flexible:
 * key, version and correlation id have the same place everywhere, and nothing else is known of it.
 */
export function readRequestHeader(reader: Reader): RequestHeaderRow | Malformed {
  const { view, at, end } = reader;
  if (end - at < formBytes) return new Malformed("no request header", 0);
  const api = apiOf(view.getInt16(at));
  const flexible = api !== undefined && view.getInt16(at + 2) >= api.flexibleSince;
  return codec(RequestHeader, flexible ? 2 : 1).read(reader);
}

/** Writes the header of a request; its version is one that the table has. */
export function writeRequestHeader(
  writer: Writer,
  api: Api,
  version: number,
  correlationId: number,
  clientId: string | null,
): void {
  const row = { requestApiKey: api.key, requestApiVersion: version, correlationId, clientId };
  codec(RequestHeader, version >= api.flexibleSince ? 2 : 1).write(writer, row);
}

/** Reads the header of the response to a request of this version: whose answer it is. */
export function readResponseHeader(
  reader: Reader,
  api: Api,
  version: number,
): Row<typeof ResponseHeader.shape> | Malformed {
  return codec(ResponseHeader, responseHeaderVersion(api, version)).read(reader);
}

/** Writes the header of the response to a request of this version. */
export function writeResponseHeader(
  writer: Writer,
  api: Api,
  version: number,
  correlationId: number,
): void {
  codec(ResponseHeader, responseHeaderVersion(api, version)).write(writer, { correlationId });
}

const apiVersionsKey = 18;

/** ApiVersions is answered before the client knows which versions the broker has (KIP-511). */
const responseHeaderVersion = (api: Api, version: number): number =>
  version >= api.flexibleSince && api.key !== apiVersionsKey ? 1 : 0;
