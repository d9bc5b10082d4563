/** Settings that can be changed, and saving what was changed: all of it, or nothing. */
import { h, type ComponentChild } from "preact";
import { useState } from "preact/hooks";
import type { Settings } from "../http/console-api/topics.ts";
import { api, messageOf, type SettingChanges } from "./api.ts";
import { counted } from "./format.ts";
import { button, failed, problem, say, waiting } from "./parts.ts";
import { type OwnSource, SettingsEditor } from "./settings-editor.ts";
import { useAsked } from "./store.ts";

interface SettingsFormProps {
  /** Whose they are, as in `2 settings of orders changed`. */
  readonly owner: string;
  readonly own: OwnSource;
  readonly ask: () => Promise<Settings>;
  readonly save: (changes: SettingChanges) => Promise<unknown>;
}

function SettingsForm({ owner, own, ask, save }: SettingsFormProps): ComponentChild {
  const { data, error, refresh } = useAsked(`settings of ${owner}`, ask, 0);
  const [changes, setChanges] = useState<SettingChanges>([]);
  const [refused, setRefused] = useState<string | null>(null);
  /** A new editor forgets what was typed. */
  const [edition, setEdition] = useState(0);
  const forget = (): void => {
    setChanges([]);
    setRefused(null);
    setEdition(edition + 1);
  };
  const act = async (): Promise<void> => {
    try {
      await save(changes);
      say(`${counted(changes.length, "setting")} of ${owner} changed`);
      refresh();
      forget();
    } catch (failure) {
      setRefused(messageOf(failure));
    }
  };
  if (data === null) return error === null ? waiting(10) : failed(error, refresh);
  return h(
    "div",
    { class: "scrolls settings-page" },
    h(SettingsEditor, { key: edition, settings: data.settings, own, change: setChanges }),
    h(
      "div",
      { class: "save-bar", hidden: changes.length === 0 && refused === null },
      problem(refused),
      h("span", { role: "status" }, `${counted(changes.length, "change")} not saved`),
      button("Discard", forget, { kind: "quiet" }),
      button("Save", () => void act(), { kind: "primary", disabled: changes.length === 0 }),
    ),
  );
}

/** Those of one topic. */
export const TopicSettings = ({ topic }: { readonly topic: string }): ComponentChild =>
  h(SettingsForm, {
    owner: topic,
    own: "DYNAMIC_TOPIC_CONFIG",
    ask: () => api.settings(topic),
    save: (changes) => api.changeSettings(topic, changes),
  });

/** What topics have that set nothing of their own. */
export const TopicDefaults = (): ComponentChild =>
  h(SettingsForm, {
    owner: "the broker",
    own: "DYNAMIC_DEFAULT_BROKER_CONFIG",
    ask: api.brokerSettings,
    save: api.changeBrokerSettings,
  });
