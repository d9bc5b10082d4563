/**
 * Settings of a topic, or what topics have by default: each with what it means, its default and
 * where its value comes from.
 */
import { h, type ComponentChild } from "preact";
import { useMemo, useState } from "preact/hooks";
import type { Setting } from "../http/console-api/topics.ts";
import type { SettingChanges } from "./api.ts";
import { badge, button, textOf } from "./parts.ts";

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
  readonly change: (changes: SettingChanges) => void;
}): ComponentChild {
  const { settings, own, change } = props;
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
      rows.map((setting) => h(SettingRow, { key: setting.name, setting, own, edits, edit })),
    ),
    rows.length === 0 && h("p", { class: "muted" }, "No setting matches."),
  );
}

function SettingRow(props: {
  readonly setting: Setting;
  readonly own: OwnSource;
  readonly edits: Edits;
  readonly edit: (name: string, value: string | null) => void;
}): ComponentChild {
  const { setting, own, edits, edit } = props;
  const { name, source } = setting;
  const edited = edits.get(name);
  const shown = edited === undefined ? setting.value : (edited ?? setting.default);
  const isOwn = edited === undefined ? source === own : edited !== null;
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
        onInput: (event: Event) => edit(name, textOf(event)),
      }),
      h(
        "p",
        { class: "hint" },
        isChanged ? badge("changed", "warn") : badge(sourceWords[source] ?? source),
        shown !== setting.default && [" default ", h("code", null, setting.default || "empty")],
        ` allowed: ${setting.allowed}`,
      ),
    ),
    button("", () => edit(name, null), {
      kind: "quiet",
      icon: "replay",
      title: `Reset ${name} to its default`,
      disabled: !isOwn,
    }),
  );
}
