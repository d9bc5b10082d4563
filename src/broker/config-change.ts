/**
 * Changes of a configuration, as Kafka's two requests make them: from what was set and what is
 * asked to what is set then. Pure; whether the values are allowed, is for those to say who read it.
 *
 * Sources: AlterConfigs (KIP-133); IncrementalAlterConfigs (KIP-339); Apache Kafka,
 * `ConfigurationControlManager`.
 */
import { quoted } from "../base/printable.ts";
import { Refusal } from "../base/refusal.ts";
import { shownCharactersMax } from "../limits.ts";

/** Names to values, as text. */
export type RawConfig = Readonly<Record<string, string>>;

/** What is done to one configuration. APPEND and SUBTRACT are for lists. */
export type ConfigOperation = "SET" | "DELETE" | "APPEND" | "SUBTRACT";

/** One change of one configuration. */
export interface ConfigAlteration {
  readonly name: string;
  readonly configOperation: ConfigOperation;
  /** What to set, or the items to append or to subtract. */
  readonly value: string | null;
}

/** What is asked for. */
export type ConfigChange =
  /** What is not named goes back to its default. */
  | {
      readonly kind: "replace";
      readonly configs: readonly { readonly name: string; readonly value: string | null }[];
    }
  /** What is not named stays. */
  | { readonly kind: "incremental"; readonly configs: readonly ConfigAlteration[] };

/** What has to be known of a configuration to change it. */
export interface ListConfig {
  /** What is in effect where nothing is set; for lists. */
  readonly fallback: string;
}

/**
 * What is set after the change. INVALID_REQUEST: a name comes twice, or has no value.
 * INVALID_CONFIG: APPEND or SUBTRACT to what is no list.
 * @param listOf what a name is if it is a list; `null`: it is none
 */
export function changedConfig(
  raw: RawConfig,
  change: ConfigChange,
  listOf: (name: string) => ListConfig | null,
): RawConfig | Refusal {
  const twice = repeated(change.configs.map(({ name }) => name));
  if (twice !== null) return invalid(`configuration ${shown(twice)} is named twice`);
  if (change.kind === "replace") return replaced(change.configs);
  const changed = new Map(Object.entries(raw));
  for (const alteration of change.configs) {
    const value = alteredValue(changed.get(alteration.name), alteration, listOf);
    if (value instanceof Refusal) return value;
    if (value === null) changed.delete(alteration.name);
    else changed.set(alteration.name, value);
  }
  return Object.fromEntries(changed);
}

function replaced(
  configs: readonly { readonly name: string; readonly value: string | null }[],
): RawConfig | Refusal {
  const changed: [string, string][] = [];
  for (const { name, value } of configs) {
    if (value === null) return invalid(`configuration ${shown(name)} has no value`);
    changed.push([name, value]);
  }
  return Object.fromEntries(changed);
}

/** The value after one alteration; `null`: none. */
function alteredValue(
  before: string | undefined,
  { name, configOperation, value }: ConfigAlteration,
  listOf: (name: string) => ListConfig | null,
): string | null | Refusal {
  if (configOperation === "DELETE") return null;
  if (value === null) return invalid(`configuration ${shown(name)} has no value`);
  if (configOperation === "SET") return value;
  const list = listOf(name);
  if (list === null) {
    return new Refusal("INVALID_CONFIG", `${shown(name)} is no list: it can only be set`);
  }
  const items = itemsOf(before ?? list.fallback);
  const named = itemsOf(value);
  const kept =
    configOperation === "APPEND"
      ? [...items, ...named.filter((item) => !items.includes(item))]
      : items.filter((item) => !named.includes(item));
  return kept.join(",");
}

const itemsOf = (text: string): string[] =>
  text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");

const repeated = (names: readonly string[]): string | null =>
  names.find((name, at) => names.indexOf(name) !== at) ?? null;

const shown = (name: string): string => quoted(name, shownCharactersMax);

const invalid = (message: string): Refusal => new Refusal("INVALID_REQUEST", message);
