/** Records as REST v2 shows them: keys and values as base64, or as the JSON that they are. */
import type { BatchRecord } from "../../record/records.ts";
import { HttpError } from "../errors.ts";
import { parseJson } from "../request.ts";
import { anything, list, named, object, text, whole } from "../schema.ts";
import { consumerFault } from "./errors.ts";
import type { EmbeddedFormat } from "./media.ts";

export const embeddedRecordsType = list(
  named(
    "ConsumerRecordV2",
    object({
      topic: text(),
      key: anything({ doc: "null, base64, or any JSON: as the instance's format has it." }),
      value: anything(),
      partition: whole(),
      offset: whole(),
    }),
  ),
);

/** One record. */
export interface EmbeddedRecord {
  readonly topic: string;
  readonly key: unknown;
  readonly value: unknown;
  readonly partition: number;
  readonly offset: number;
}

/** The record as it is shown; an error for one that is no JSON. */
export function embeddedRecord(
  topic: string,
  partition: number,
  record: BatchRecord,
  format: EmbeddedFormat,
): EmbeddedRecord | HttpError {
  const { offset } = record;
  const key = embeddedData(record.key, format);
  const value = embeddedData(record.value, format);
  if (key instanceof HttpError || value instanceof HttpError) {
    const where = `offset ${offset} of partition ${topic}-${partition}`;
    return consumerFault(`Error deserializing ${where}: it is no JSON; seek past it to read on`);
  }
  return { topic, key, value, partition, offset };
}

function embeddedData(bytes: Uint8Array | null, format: EmbeddedFormat): unknown {
  if (bytes === null) return null;
  if (format === "json") return parseJson(bytes);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64");
}

/** What `max_bytes` counts. */
export const embeddedBytes = ({ key, value }: BatchRecord): number =>
  (key?.length ?? 0) + (value?.length ?? 0);
