/**
 * Settings of a topic, or what topics have by default: each with what it means, its default and
 * where its value comes from.
 */
import { h, type ComponentChild } from "preact";
import { useMemo, useState } from "preact/hooks";
import type { Setting } from "../http/console-api/topics.ts";
import type { SettingChanges } from "./api.ts";
import { meaning } from "./format.ts";
import { badge, button, problem, textOf } from "./parts.ts";
import type { Faults } from "./settings-check.ts";

/** Kafka's words, in ours. */
export const sourceWords: Readonly<Record<string, string>> = {
  DYNAMIC_TOPIC_CONFIG: "this topic",
  DYNAMIC_DEFAULT_BROKER_CONFIG: "broker, changed",
  STATIC_BROKER_CONFIG: "broker, at start",
  DEFAULT_CONFIG: "default",
};

/** What was typed, by name; `null`: the default is to hold again. */
type Edits = ReadonlyMap<string, string | null>;

/** Where values come from that were set for a topic, or for all: these can be reset. */
export type OwnSource = "DYNAMIC_TOPIC_CONFIG" | "DYNAMIC_DEFAULT_BROKER_CONFIG";

/** Only what would differ. */
function changesOf(settings: readonly Setting[], edits: Edits, own: OwnSource): SettingChanges {
  return settings.flatMap(({ name, value, source }) => {
    const edited = edits.get(name);
    if (edited === undefined || edited === value) return [];
    return edited === null && source !== own ? [] : [{ name, value: edited }];
  });
}

export function SettingsEditor(props: {
  readonly settings: readonly Setting[];
  readonly own: OwnSource;
  readonly faults: Faults;
  readonly change: (changes: SettingChanges) => void;
}): ComponentChild {
  const { settings, own, faults, change } = props;
  const [edits, setEdits] = useState<Edits>(new Map());
  const [search, setSearch] = useState("");
  const edit = (name: string, value: string | null): void => {
    const next = new Map(edits).set(name, value);
    setEdits(next);
    change(changesOf(settings, next, own));
  };
  const rows = useMemo(() => {
    const word = search.trim().toLowerCase();
    const fits = ({ name, doc }: Setting): boolean => `${name} ${doc}`.toLowerCase().includes(word);
    // Those that do nothing here come last.
    const byUse = (one: Setting, other: Setting): number =>
      Number(one.no_effect !== null) - Number(other.no_effect !== null);
    return settings.filter(fits).toSorted(byUse);
  }, [settings, search]);
  return h(
    "div",
    { class: "settings" },
    h("input", {
      type: "search",
      class: "settings-search",
      "aria-label": "Find settings",
      placeholder: "Find settings",
      value: search,
      onInput: (event: Event) => setSearch(textOf(event)),
    }),
    h(
      "ul",
      null,
      rows.map((setting) => {
        const { name } = setting;
        const fault = faults.get(name) ?? null;
        const edited = edits.get(name);
        const isOwn = edited === undefined ? setting.source === own : edited !== null;
        return h(SettingRow, { key: name, setting, edited, isOwn, fault, edit });
      }),
    ),
    rows.length === 0 && h("p", { class: "muted" }, "No setting matches."),
  );
}

/** A number that nobody reads is none to tell. */
const withoutLargest = (words: string): string =>
  words.replaceAll(/ to 9223372036854775807\b/g, " on");

function SettingRow(props: {
  readonly setting: Setting;
  /** What was typed; `undefined`: nothing. */
  readonly edited: string | null | undefined;
  readonly isOwn: boolean;
  readonly fault: string | null;
  readonly edit: (name: string, value: string | null) => void;
}): ComponentChild {
  const { setting, edited, isOwn, fault, edit } = props;
  const { name, source } = setting;
  const shown = edited === undefined ? setting.value : (edited ?? setting.default);
  const means = meaning(name, shown);
  const isChanged = edited !== undefined && (edited ?? setting.default) !== setting.value;
  return h(
    "li",
    { class: isChanged ? "setting changed" : "setting" },
    h(
      "div",
      { class: "setting-words" },
      h("label", { for: `setting-${name}` }, name),
      h("p", { class: "hint" }, setting.doc),
      setting.no_effect !== null && h("p", { class: "hint" }, `No effect: ${setting.no_effect}.`),
    ),
    h(
      "div",
      { class: "setting-value" },
      h("input", {
        id: `setting-${name}`,
        value: shown,
        disabled: setting.is_read_only,
        spellcheck: false,
        autocomplete: "off",
        "aria-describedby": `hint-${name}`,
        "aria-invalid": fault !== null,
        onInput: (event: Event) => edit(name, textOf(event)),
      }),
      problem(fault && withoutLargest(fault)),
      h(
        "p",
        { class: "hint", id: `hint-${name}` },
        isChanged ? badge("changed", "warn") : badge(sourceWords[source] ?? source),
        means !== null && ` = ${means}`,
        shown !== setting.default && [" · default ", h("code", null, setting.default || "empty")],
      ),
      fault === null && h("p", { class: "hint" }, `Allowed: ${withoutLargest(setting.allowed)}`),
    ),
    button("", () => edit(name, null), {
      kind: "quiet",
      icon: "replay",
      title: `Reset ${name} to its default`,
      disabled: !isOwn,
    }),
  );
}
