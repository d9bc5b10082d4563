/**
 * CloudEvents over HTTP and in records. Binary mode: an attribute is the HTTP header `ce-id` and
 * the record header `ce_id`; the data's type is `content-type` in both; the data is the body and
 * the value. Structured mode: the whole event is the value, and its type says so.
 *
 * Sources: CloudEvents 1.0 "HTTP Protocol Binding" §3.1, "Kafka Protocol Binding" §3.2.
 */
import type { RecordToProduce } from "../broker/record-producer.ts";
import type { RecordHeader } from "../record/records.ts";
import { HttpError } from "./errors.ts";
import { mediaTypeOf } from "./media.ts";
import type { Inbound } from "./route.ts";

const httpPrefix = "ce-";
const recordPrefix = "ce_";
const structured = "application/cloudevents";

/** Names of attributes (CloudEvents §3 "Naming conventions"), a little wider. */
const attributeName = /^[a-z\d]{1,64}$/;

type Asked = Pick<Inbound, "header" | "headerNames">;

/** Whether a request, whose body is of that media type, carries an event. */
export const isCloudEvent = ({ header }: Asked, mediaType: string | null): boolean =>
  header("ce-specversion") !== null || (mediaType ?? "").startsWith(structured);

const utf8 = new TextEncoder();

/**
 * The record of an event; 422 if an attribute is missing that every event has. Its key is the
 * extension `partitionkey`.
 */
export function recordOfEvent(request: Asked, body: Uint8Array): RecordToProduce | HttpError {
  const type = request.header("content-type");
  const contentType = type === null ? [] : [header("content-type", type)];
  const value = body.length === 0 ? null : body;
  const common = { partition: null, value, timestamp: null };
  if (request.header("ce-specversion") === null) {
    return { ...common, key: null, headers: contentType };
  }
  for (const name of ["id", "source", "type"]) {
    if (request.header(httpPrefix + name) !== null) continue;
    return HttpError.of(422, `a CloudEvent has ${httpPrefix}${name}`);
  }
  const headers = [...contentType];
  for (const name of request.headerNames()) {
    const attribute = name.slice(httpPrefix.length);
    if (!name.startsWith(httpPrefix) || !attributeName.test(attribute)) continue;
    headers.push(header(recordPrefix + attribute, decoded(request.header(name) ?? "")));
  }
  const key = request.header("ce-partitionkey");
  return { ...common, key: key === null ? null : utf8.encode(decoded(key)), headers };
}

const header = (key: string, value: string): RecordHeader => ({ key, value: utf8.encode(value) });

/** HTTP headers of the event that a record holds: those that `ce_` headers stand for. */
export function eventHeaders(headers: readonly RecordHeader[]): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const { key, value } of headers) {
    const attribute = key.slice(recordPrefix.length).toLowerCase();
    if (!key.startsWith(recordPrefix) || !attributeName.test(attribute)) continue;
    found[httpPrefix + attribute] = encoded(new TextDecoder().decode(value ?? new Uint8Array()));
  }
  return found;
}

/** The media type that a record says its value has; `null`: none that can be believed. */
export function mediaTypeIn(headers: readonly RecordHeader[]): string | null {
  const found = headers.find(({ key }) => key.toLowerCase() === "content-type")?.value;
  return mediaTypeOf(found ? new TextDecoder().decode(found) : null);
}

/** §3.1.3.2: what a header can't carry is percent-encoded. */
const encoded = (value: string): string =>
  value.replaceAll(/[^!#-$&-~]|["%]/gu, (character) => {
    return [...utf8.encode(character)]
      .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`)
      .join("");
  });

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch (error) {
    // An escape that is none stands for itself.
    if (error instanceof URIError) return value;
    throw error;
  }
}
