/** How a producer works: its options with their defaults, checked. */
import {
  batchBytesMax,
  clientBackoffMsMax,
  clientBackoffMsMin,
  clientBatchBytesDefault,
  clientBufferBytesDefault,
  clientLingerMsMax,
  clientProduceBytesDefault,
  clientProducesInFlightMax,
  clientRequestMsMax,
  kafkaFrameBytesMax,
  producerDeliveryMsMax,
} from "../../limits.ts";
import { batchHeaderBytes, compressionNames, type Compression } from "../../record/batch.ts";
import type { Backoff } from "./backoff.ts";
import { ClientError } from "./client-error.ts";
import type { ClusterOptions } from "./cluster.ts";
import { partitionByKey, type Partitioner } from "./partitioner.ts";

/** Sizes are bytes, times milliseconds. */
export interface ProducerSettings {
  /**
   * When a record counts as delivered: once all replicas in sync have it, once the leader has it,
   * or once it is written to the socket (0): then nobody answers, so what fails is not noticed, and
   * offsets are not known.
   */
  readonly acks: "all" | 1 | 0;
  /**
   * Whether batches are numbered, so that one that comes twice is stored once, and order is kept
   * over failures. Needs `acks` "all". Without it, a record may be stored twice when an answer is
   * lost, and where more than one request is in flight (`maxInFlight`), a failed batch may come to
   * lie behind later ones.
   */
  readonly idempotent: boolean;
  /** Packed in the event loop, a batch at a time: 128 KiB take 0.3 ms (zstd) to 4 (snappy). */
  readonly compression: Compression;
  /**
   * How long the first record of a batch waits for others. With 0, records that are sent in one
   * turn of the event loop share batches, and while requests are in flight, more come together.
   */
  readonly lingerMs: number;
  /** A batch, not packed; a larger record has one of its own. */
  readonly batchBytesMax: number;
  /** Records that are not delivered yet; above it `send` waits. */
  readonly bufferBytesMax: number;
  /** From `send` to its outcome; until then, whatever may succeed later is tried again. */
  readonly deliveryTimeoutMs: number;
  /** Batches of one request, and so the largest record. */
  readonly requestBytesMax: number;
  /** From a request to its answer; then its connection is closed, and it is sent again. */
  readonly requestTimeoutMs: number;
  /** Requests to one broker that are not answered; at most 5 where batches are numbered. */
  readonly maxInFlight: number;
  /** Chooses the partition of a record that names none. */
  readonly partitioner: Partitioner;
  /** Pauses before something is tried again. */
  readonly backoff: Backoff;
}

/** Left out: "all", numbered, not packed, and limits.ts. */
export type ProducerSettingOptions = Partial<
  Omit<ProducerSettings, "backoff" | "requestTimeoutMs">
> &
  Pick<ClusterOptions, "requestTimeoutMs" | "retryBackoffMs" | "retryBackoffMaxMs">;

/** @throws ClientError INVALID */
export function producerSettings(options: ProducerSettingOptions): ProducerSettings {
  const { acks = "all", retryBackoffMs = clientBackoffMsMin } = options;
  const longestMs = Math.max(retryBackoffMs, options.retryBackoffMaxMs ?? clientBackoffMsMax);
  const settings: ProducerSettings = {
    acks,
    idempotent: options.idempotent ?? acks === "all",
    compression: options.compression ?? "none",
    lingerMs: options.lingerMs ?? 0,
    batchBytesMax: options.batchBytesMax ?? clientBatchBytesDefault,
    bufferBytesMax: options.bufferBytesMax ?? clientBufferBytesDefault,
    deliveryTimeoutMs: options.deliveryTimeoutMs ?? producerDeliveryMsMax,
    requestBytesMax: options.requestBytesMax ?? clientProduceBytesDefault,
    requestTimeoutMs: options.requestTimeoutMs ?? clientRequestMsMax,
    maxInFlight: options.maxInFlight ?? clientProducesInFlightMax,
    partitioner: options.partitioner ?? partitionByKey,
    backoff: { firstMs: retryBackoffMs, longestMs },
  };
  check(settings);
  return settings;
}

function check(settings: ProducerSettings): void {
  const { acks, idempotent, compression, maxInFlight } = settings;
  if (acks !== "all" && acks !== 1 && acks !== 0) throw invalid('acks is "all", 1 or 0');
  if (idempotent && acks !== "all") throw invalid('an idempotent producer has acks "all"');
  if (!compressionNames.includes(compression)) {
    throw invalid(`compression is one of ${compressionNames.join(", ")}`);
  }
  if (typeof settings.partitioner !== "function") throw invalid("a partitioner is a function");
  const inFlightMax = idempotent ? clientProducesInFlightMax : inFlightMaxWithoutNumbers;
  const numbers: readonly [
    name: keyof ProducerSettings,
    value: number,
    min: number,
    max: number,
  ][] = [
    ["lingerMs", settings.lingerMs, 0, clientLingerMsMax],
    ["batchBytesMax", settings.batchBytesMax, batchHeaderBytes, batchBytesMax],
    ["bufferBytesMax", settings.bufferBytesMax, 1, Number.MAX_SAFE_INTEGER],
    ["deliveryTimeoutMs", settings.deliveryTimeoutMs, 1, timeoutMsMax],
    ["requestBytesMax", settings.requestBytesMax, requestBytesMin, kafkaFrameBytesMax],
    ["requestTimeoutMs", settings.requestTimeoutMs, 1, timeoutMsMax],
    ["maxInFlight", maxInFlight, 1, inFlightMax],
  ];
  for (const [name, value, min, max] of numbers) {
    if (Number.isInteger(value) && value >= min && value <= max) continue;
    throw invalid(`${name} is a whole number from ${min} to ${max}, not ${value}`);
  }
}

const inFlightMaxWithoutNumbers = 100;
const requestBytesMin = 256;
/** An int32, as the request has it, and the longest that a timer can wait. */
const timeoutMsMax = 0x7fff_ffff;

const invalid = (message: string): ClientError => new ClientError("INVALID", message);
