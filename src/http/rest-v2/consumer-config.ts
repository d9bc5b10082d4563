/**
 * How a consumer instance is asked for. Clients write numbers and flags as texts as well, since the
 * proxy that they know takes both.
 *
 * Source: confluentinc/kafka-rest `CreateConsumerInstanceRequest`.
 */
import { httpWaitMsMax, restConsumerMinBytesMax, restConsumerWaitMsDefault } from "../../limits.ts";
import { HttpError } from "../errors.ts";
import { eitherOf, flag, named, object, optional, text, type ValueOf, whole } from "../schema.ts";
import { invalidConfig, invalidConstraint } from "./errors.ts";
import { embeddedFormats, schemaFormats } from "./media.ts";
import type { ConsumerSettings } from "./rest-consumer.ts";

const number = eitherOf(whole(), text());

export const consumerRequestType = named(
  "ConsumerRequestV2",
  object({
    id: optional(text({ doc: "As `name`, and counts more." })),
    name: optional(text({ doc: "What it is called; made up if left out." })),
    format: optional(text({ doc: "How records are embedded: binary (the default) or json." })),
    "auto.offset.reset": optional(text({ doc: "latest (the default), earliest or none." })),
    "auto.commit.enable": optional(eitherOf(flag(), text(), { doc: "true by default." })),
    "fetch.min.bytes": optional(number),
    responseMinBytes: optional(number),
    "consumer.request.timeout.ms": optional(number),
    requestWaitMs: optional(number),
  }),
);

export type ConsumerRequest = ValueOf<typeof consumerRequestType>;

/** The settings that are meant; 422, 40001, 42204. */
export function settingsOf(asked: ConsumerRequest): ConsumerSettings | HttpError {
  const format = formatOf(asked.format ?? "binary");
  if (format instanceof HttpError) return format;
  const reset = resets.find((each) => each === (asked["auto.offset.reset"] ?? "latest"));
  if (reset === undefined) return invalidConfig("auto.offset.reset is latest, earliest or none");
  const autoCommit = String(asked["auto.commit.enable"] ?? true).toLowerCase();
  if (autoCommit !== "true" && autoCommit !== "false") {
    return invalidConfig("auto.commit.enable is true or false");
  }
  const minBytes = Number(asked["fetch.min.bytes"] ?? asked.responseMinBytes ?? 1);
  if (!Number.isSafeInteger(minBytes) || minBytes < -1 || minBytes > restConsumerMinBytesMax) {
    return invalidConstraint(`fetch.min.bytes is from -1 to ${restConsumerMinBytesMax}`);
  }
  const given = asked["consumer.request.timeout.ms"] ?? asked.requestWaitMs;
  const waitMs = Number(given ?? restConsumerWaitMsDefault);
  if (!Number.isSafeInteger(waitMs) || waitMs < 0 || waitMs > httpWaitMsMax) {
    return invalidConstraint(`consumer.request.timeout.ms is from 0 to ${httpWaitMsMax}`);
  }
  const settings = { format, reset, waitMs, autoCommit: autoCommit === "true" };
  // The proxy's -1: a read takes all its time, whatever comes.
  return { ...settings, minBytes: minBytes < 0 ? Infinity : Math.max(1, minBytes) };
}

const resets = ["latest", "earliest", "none"] as const;

function formatOf(given: string): ConsumerSettings["format"] | HttpError {
  const name = given.toLowerCase();
  const format = embeddedFormats.find((each) => each === name);
  if (format !== undefined) return format;
  const isKnown = schemaFormats.some((each) => each === name);
  return isKnown
    ? invalidConfig(`the format ${name} needs a schema registry`)
    : HttpError.of(422, "Invalid format type.");
}
