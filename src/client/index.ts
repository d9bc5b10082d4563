/** The library: what a program that talks to Obelisk, or reads its directories, imports. */
export { Consumer, type ConsumerOptions, type PartitionOffsets } from "./consumer.ts";
export { ConsumerError, type ConsumerErrorCode, type DamagedRecords } from "./consumer-error.ts";
export type { ConsumerMessage } from "./consumer-message.ts";
export type { ConsumerWorld } from "./consumer-world.ts";
export type { ConsumerWarning, ConsumerWarningKind } from "./consumer-warning.ts";
export { Producer, type ProducerMessage, type ProducerOptions } from "./producer.ts";
export { ProducerError, type ProducerErrorCode } from "./producer-error.ts";
