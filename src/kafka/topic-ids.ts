/**
 * Topics by their ids (KIP-516), which newer clients send instead of names. The broker finds topics
 * by name; this is the way back.
 *
 * Invariant: what is found here is in the broker's list at that moment.
 */
import type { Broker, Topic } from "../broker/broker.ts";
import type { ErrorName } from "./errors.ts";
import type { RequestContext } from "./handler.ts";

/** See the head of this file. */
export class TopicIds {
  /** The list that `#topics` was made from; the broker makes another one with each change. */
  #list: readonly Topic[] = [];
  #topics: ReadonlyMap<string, Topic> = new Map();

  constructor(private readonly broker: Broker) {}

  /** @param id as text */
  find(id: string): Topic | undefined {
    const list = this.broker.topics();
    if (list !== this.#list) {
      this.#list = list;
      this.#topics = new Map(list.map((topic) => [topic.id, topic]));
    }
    return this.#topics.get(id);
  }
}

/**
 * The topic that a request means, or the error that says there is none.
 * @param idsSince the version of the API from which on it names topics by id
 */
export function findTopic(
  asked: { readonly name: string; readonly topicId: string },
  { services, apiVersion }: RequestContext,
  idsSince: number,
): Topic | ErrorName {
  if (apiVersion >= idsSince) return services.topicIds.find(asked.topicId) ?? "UNKNOWN_TOPIC_ID";
  return services.broker.topic(asked.name) ?? "UNKNOWN_TOPIC_OR_PARTITION";
}
