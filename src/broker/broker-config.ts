/**
 * The configuration of the broker: what was set when it was started, and what has been set since,
 * for all topics that don't say. Only the latter changes while it runs. Pure.
 *
 * Broker and topic have different names for one thing, for historical reasons: `log.segment.bytes`
 * is what a topic calls `segment.bytes`. Of Kafka's synonyms the strongest is taken.
 */
import { assert } from "../base/assert.ts";
import { quoted } from "../base/printable.ts";
import { Refusal } from "../base/refusal.ts";
import { shownCharactersMax } from "../limits.ts";
import { changedConfig, type ConfigChange, type RawConfig } from "./config-change.ts";
import { type TopicConfig, topicConfigOf } from "./topic-config.ts";
import { type TopicConfigName, topicConfigNames, topicSettings } from "./topic-config-table.ts";

/** See the head of this file. */
export interface BrokerConfig {
  /** What has been set since the start: the broker's names to values. */
  readonly raw: RawConfig;
  /** What was set at the start, in a topic's names. */
  readonly atStart: TopicConfig;
  /** What topics follow that don't say. */
  readonly topicDefaults: TopicConfig;
}

const topicNames = new Map<string, TopicConfigName>();
for (const name of topicConfigNames) {
  const { brokerName } = topicSettings[name];
  if (brokerName !== null) topicNames.set(brokerName, name);
}

/** What a topic calls a configuration of the broker; `undefined`: topics have no such thing. */
export const topicNameOf = (brokerName: string): TopicConfigName | undefined =>
  topicNames.get(brokerName);

/**
 * Reads what was set while the broker ran. INVALID_CONFIG: a value is not allowed.
 * INVALID_REQUEST: a name is none that can be set while it runs.
 */
function brokerConfigOf(raw: RawConfig, atStart: TopicConfig): BrokerConfig | Refusal {
  const inTopicsNames: Record<string, string> = {};
  for (const [brokerName, value] of Object.entries(raw)) {
    const name = topicNames.get(brokerName);
    if (name === undefined) return notDynamic(brokerName);
    inTopicsNames[name] = value;
    const alone = topicConfigOf({ [name]: value }, atStart);
    if (alone instanceof Refusal) {
      return new Refusal(alone.code, `${brokerName}: ${alone.message}`);
    }
  }
  const since = topicConfigOf(inTopicsNames, atStart);
  if (since instanceof Refusal) return since;
  const cleaned = Object.keys(raw).map((brokerName): [string, string] => {
    const value = since.raw[topicNames.get(brokerName) ?? ""];
    assert(value !== undefined, "what was read is there");
    return [brokerName, value];
  });
  const topicDefaults = { raw: { ...atStart.raw, ...since.raw }, values: since.values };
  return { raw: Object.fromEntries(cleaned), atStart, topicDefaults };
}

/** Reads what was allowed once: what is not any more is left out. */
export function storedBrokerConfig(
  raw: RawConfig,
  atStart: TopicConfig,
): { readonly config: BrokerConfig; readonly faults: readonly Refusal[] } {
  let config: BrokerConfig = { raw: {}, atStart, topicDefaults: atStart };
  const faults: Refusal[] = [];
  for (const [name, value] of Object.entries(raw)) {
    const read = brokerConfigOf({ ...config.raw, [name]: value }, atStart);
    if (read instanceof Refusal) faults.push(read);
    else config = read;
  }
  return { config, faults };
}

/**
 * The configuration after a change. INVALID_REQUEST also for a name that can't be set while the
 * broker runs, INVALID_CONFIG also for a value that is not allowed.
 */
export function changedBrokerConfig(
  config: BrokerConfig,
  change: ConfigChange,
): BrokerConfig | Refusal {
  const changed = changedConfig(config.raw, change, (brokerName) => {
    const name = topicNames.get(brokerName);
    return name === undefined ? null : listFallback(name, config.atStart);
  });
  return changed instanceof Refusal ? changed : brokerConfigOf(changed, config.atStart);
}

/** The configuration of a topic after a change; refuses likewise. */
export function changedTopicConfig(
  config: TopicConfig,
  change: ConfigChange,
  defaults: TopicConfig,
): TopicConfig | Refusal {
  const changed = changedConfig(config.raw, change, (name) => {
    const known = topicConfigNames.find((one) => one === name);
    return known === undefined ? null : listFallback(known, defaults);
  });
  return changed instanceof Refusal ? changed : topicConfigOf(changed, defaults);
}

function listFallback(name: TopicConfigName, defaults: TopicConfig): { fallback: string } | null {
  if (topicSettings[name].kind.type !== "list") return null;
  return { fallback: defaults.raw[name] ?? topicSettings[name].fallback };
}

const notDynamic = (name: string): Refusal =>
  new Refusal(
    "INVALID_REQUEST",
    `${quoted(name, shownCharactersMax)} cannot be set while the broker runs`,
  );
