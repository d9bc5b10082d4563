/** Old records: what the janitor has deleted, compacted and read again. */
import type { UpkeepFigures } from "../broker/upkeep.ts";
import { type Family, type FamilyType, one } from "./family.ts";

/** A number of one part of the janitor; nothing where nobody looks after logs. */
function figure<Part extends keyof UpkeepFigures>(
  part: Part,
  name: string,
  type: FamilyType,
  of: (figures: NonNullable<UpkeepFigures[Part]>) => number | null,
  help: string,
): Family {
  return {
    name: `obelisk_${name}`,
    type,
    help,
    samples: ({ parts }) => {
      const figures = parts.broker.upkeep?.[part];
      return one(figures ? of(figures) : null);
    },
  };
}

const seconds = (ms: number | null): number | null => (ms === null ? null : ms / 1000);

export const upkeepFamilies: readonly Family[] = [
  figure(
    "retention",
    "retention_rounds_total",
    "counter",
    ({ rounds }) => rounds,
    "How often all partitions were looked over for records that retention does not keep.",
  ),
  figure(
    "retention",
    "retention_last_round_timestamp_seconds",
    "gauge",
    ({ lastRoundMs }) => seconds(lastRoundMs),
    "When the last of these rounds ended.",
  ),
  figure(
    "retention",
    "retention_deleted_segments_total",
    "counter",
    ({ segments }) => segments,
    "Segments that retention has deleted.",
  ),
  figure(
    "retention",
    "retention_deleted_bytes_total",
    "counter",
    ({ bytes }) => bytes,
    "Bytes of segments that retention has deleted.",
  ),
  figure(
    "retention",
    "retention_failures_total",
    "counter",
    ({ failures }) => failures,
    "How often the old records of a partition could not be deleted.",
  ),
  figure(
    "compaction",
    "compaction_runs_total",
    "counter",
    ({ runs }) => runs,
    "Compactions of a log that went well.",
  ),
  figure(
    "compaction",
    "compaction_last_run_timestamp_seconds",
    "gauge",
    ({ lastRunMs }) => seconds(lastRunMs),
    "When the last of them ended.",
  ),
  figure(
    "compaction",
    "compaction_duration_seconds_total",
    "counter",
    ({ durationMs }) => seconds(durationMs),
    "How long all compactions took, with their rests.",
  ),
  figure(
    "compaction",
    "compaction_failures_total",
    "counter",
    ({ failures }) => failures,
    "Compactions of a log that failed.",
  ),
  figure(
    "compaction",
    "compaction_partitions_set_aside",
    "gauge",
    ({ setAside }) => setAside.length,
    "Partitions that are not compacted for a while, since that has failed.",
  ),
  figure(
    "compaction",
    "compaction_read_bytes_total",
    "counter",
    ({ readBytes }) => readBytes,
    "Bytes that compaction has read, to find keys and to copy.",
  ),
  figure(
    "compaction",
    "compaction_written_bytes_total",
    "counter",
    ({ writtenBytes }) => writtenBytes,
    "Bytes that compaction has written.",
  ),
  figure(
    "compaction",
    "compaction_freed_bytes_total",
    "counter",
    ({ freedBytes }) => freedBytes,
    "By how much compaction has made logs smaller.",
  ),
  figure(
    "compaction",
    "compaction_records_total",
    "counter",
    ({ records }) => records,
    "Records that compaction has judged.",
  ),
  figure(
    "compaction",
    "compaction_kept_records_total",
    "counter",
    ({ keptRecords }) => keptRecords,
    "Records that compaction has kept.",
  ),
  figure(
    "compaction",
    "compaction_keys_max_bytes",
    "gauge",
    ({ mapBytesMax }) => mapBytesMax,
    "The most memory that the keys of one pass have taken.",
  ),
  figure(
    "scrub",
    "scrub_passes_total",
    "counter",
    ({ passes }) => passes,
    "How often all finished segments were read again.",
  ),
  figure(
    "scrub",
    "scrub_last_pass_timestamp_seconds",
    "gauge",
    ({ lastPassMs }) => seconds(lastPassMs),
    "When the last of these passes ended.",
  ),
  figure(
    "scrub",
    "scrub_segments_total",
    "counter",
    ({ segments }) => segments,
    "Finished segments that were read again.",
  ),
  figure(
    "scrub",
    "scrub_read_bytes_total",
    "counter",
    ({ bytes }) => bytes,
    "Bytes of finished segments that were read again.",
  ),
  figure(
    "scrub",
    "scrub_failures_total",
    "counter",
    ({ failures }) => failures,
    "Finished segments that the disk did not give.",
  ),
  figure(
    "scrub",
    "scrub_damages",
    "gauge",
    ({ damages }) => damages.length,
    "Damaged stretches that the last pass over finished segments has found.",
  ),
];
