/**
 * The Kafka protocol as a whole: what its connections share. It fits the `Protocol` of `net/`.
 *
 * Owns the writer, in which each response is written in one go, and the counts of requests.
 */
import { RequestStats } from "../base/request-stats.ts";
import { kafkaFetchesBytesMax, kafkaFrameBytesMax, kafkaReadAheadBytesMax } from "../limits.ts";
import { Writer } from "../wire/writer.ts";
import { FetchBudget } from "./fetch-budget.ts";
import { errorName } from "./errors.ts";
import { FetchSessions } from "./fetch-sessions.ts";
import type { Services } from "./handler.ts";
import { type KafkaLink, KafkaSession } from "./session.ts";
import { TopicIds } from "./topic-ids.ts";

/** What the protocol is handed. */
export type KafkaParts = Omit<
  Services,
  "topicIds" | "fetchBudget" | "aheadBudget" | "fetchSessions"
>;

/** See the head of this file. */
export class KafkaProtocol {
  readonly framing = { littleEndian: false, payloadBytesMax: kafkaFrameBytesMax };
  readonly services: Services;
  readonly writer = new Writer();
  /** By API, from the arrival of a request until its response is written. */
  readonly stats = new RequestStats();
  /** Counts an error that is answered; made once, since every response is looked through. */
  readonly noteError = (code: number): void => {
    this.stats.failed(errorName(code) ?? "UNKNOWN_SERVER_ERROR");
  };

  constructor(parts: KafkaParts) {
    this.services = {
      ...parts,
      topicIds: new TopicIds(parts.broker),
      fetchBudget: new FetchBudget(kafkaFetchesBytesMax),
      aheadBudget: new FetchBudget(kafkaReadAheadBytesMax),
      fetchSessions: new FetchSessions(),
    };
  }

  open(link: KafkaLink): KafkaSession {
    return new KafkaSession(this, link);
  }
}
