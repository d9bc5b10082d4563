/** Settings that can be changed, and saving what was changed: all of it, or nothing. */
import { h, type ComponentChild } from "preact";
import { useState } from "preact/hooks";
import type { Settings } from "../http/console-api/topics.ts";
import { api, messageOf, type SettingChanges } from "./api.ts";
import { counted } from "./format.ts";
import { button, failed, problem, say, waiting } from "./parts.ts";
import { type Faults, nameIn, useFaults } from "./settings-check.ts";
import { type OwnSource, SettingsEditor } from "./settings-editor.ts";
import { useAsked } from "./store.ts";

interface SettingsFormProps {
  /** Whose they are, as in `2 settings of orders changed`. */
  readonly owner: string;
  readonly own: OwnSource;
  readonly ask: () => Promise<Settings>;
  readonly save: (changes: SettingChanges, onlyCheck: boolean) => Promise<unknown>;
}

function SettingsForm({ owner, own, ask, save }: SettingsFormProps): ComponentChild {
  const { data, error, refresh } = useAsked(`settings of ${owner}`, ask, 0);
  const [changes, setChanges] = useState<SettingChanges>([]);
  const [refused, setRefused] = useState<string | null>(null);
  /** A new editor forgets what was typed. */
  const [edition, setEdition] = useState(0);
  const found = useFaults(changes, (change) => save([change], true));
  const change = (changed: SettingChanges): void => {
    setChanges(changed);
    setRefused(null);
  };
  const forget = (): void => {
    change([]);
    setEdition(edition + 1);
  };
  const act = async (): Promise<void> => {
    try {
      await save(changes, false);
      say(`${counted(changes.length, "setting")} of ${owner} changed`);
      refresh();
      forget();
    } catch (failure) {
      setRefused(messageOf(failure));
    }
  };
  if (data === null) return error === null ? waiting(10) : failed(error, refresh);
  const named = refused === null ? null : nameIn(refused, changes);
  const faults: Faults =
    refused === null || named === null ? found : new Map(found).set(named, refused);
  return h(
    "div",
    { class: "settings-page" },
    h(SettingsEditor, { key: edition, settings: data.settings, own, faults, change }),
    h(
      "div",
      { class: "save-bar", hidden: changes.length === 0 },
      problem(named === null ? refused : null),
      h("span", { role: "status" }, barWords(changes, faults)),
      button("Discard", forget, { kind: "quiet" }),
      button("Save", () => void act(), { kind: "primary", disabled: found.size > 0 }),
    ),
  );
}

const barWords = (changes: SettingChanges, faults: Faults): string =>
  `${counted(changes.length, "change")} not saved` +
  (faults.size === 0 ? "" : `, ${faults.size} not allowed`);

/** Those of one topic. */
export const TopicSettings = ({ topic }: { readonly topic: string }): ComponentChild =>
  h(SettingsForm, {
    owner: topic,
    own: "DYNAMIC_TOPIC_CONFIG",
    ask: () => api.settings(topic),
    save: (changes, onlyCheck) => api.changeSettings(topic, changes, onlyCheck),
  });

/** What topics have that set nothing of their own. */
export const TopicDefaults = (): ComponentChild =>
  h(SettingsForm, {
    owner: "the broker",
    own: "DYNAMIC_DEFAULT_BROKER_CONFIG",
    ask: api.brokerSettings,
    save: api.changeBrokerSettings,
  });
