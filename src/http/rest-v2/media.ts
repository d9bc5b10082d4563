/**
 * What all of Confluent's REST v2 has in common: its media types, and bodies that may be missing.
 *
 * Source: confluentinc/kafka-rest `Versions`, `resources/v2/*`.
 */
import { httpJsonBytesMax } from "../../limits.ts";
import { HttpError } from "../errors.ts";
import { json, jsonMediaType, noContent, type Reply } from "../reply.ts";
import { parseJson } from "../request.ts";
import { type Body, jsonBody } from "../route.ts";
import { Mismatch, type Type } from "../schema.ts";

export const v2MediaType = "application/vnd.kafka.v2+json";

/** How records are embedded; without a registry there are no others. */
export const embeddedFormats = ["binary", "json"] as const;
export type EmbeddedFormat = (typeof embeddedFormats)[number];

export const embeddedMediaType = (format: string): string =>
  `application/vnd.kafka.${format}.v2+json`;

/** Formats that need a schema registry. */
export const schemaFormats = ["avro", "jsonschema", "protobuf"] as const;

const embedded = [...embeddedFormats, ...schemaFormats].map(embeddedMediaType);

/** What requests to consumers may be, and may accept: clients send the same headers to all. */
export const consumerMediaTypes: readonly string[] = [v2MediaType, ...embedded];

/** What answers may be elsewhere. */
export const v2Answers: readonly string[] = [v2MediaType, jsonMediaType];

/** An answer as the client accepts it; of records it says the format. */
export const v2Json = (value: unknown, accepted: string): Reply => {
  const isKnown = accepted === jsonMediaType || accepted.startsWith("application/vnd.kafka.");
  return json(value, { mediaType: isKnown ? accepted : v2MediaType });
};

/** 204, as all of v2 answers where there is nothing to say. */
export const done = (): Reply => noContent();

/** A body of JSON for a consumer. */
export const consumerBody = <T>(type: Type<T>): Body<T> => jsonBody(type, consumerMediaTypes);

/** The same, which may be missing or empty: then it is `null`. */
export const optionalBody = <T>(type: Type<T>): Body<T | null> => ({
  kind: "whole",
  mediaTypes: consumerMediaTypes,
  type,
  isOptional: true,
  read: async (reader) => {
    const bytes = await reader.whole(httpJsonBytesMax);
    if (bytes instanceof HttpError) return bytes;
    if (bytes.length === 0) return null;
    const value = parseJson(bytes);
    if (value instanceof HttpError || value === null) return value;
    const read = type.read(value);
    return read instanceof Mismatch ? HttpError.of(422, read.message) : read;
  },
});
