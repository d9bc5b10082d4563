/** The settings of a topic, and saving what was changed: all of it, or nothing. */
import { h, type ComponentChild } from "preact";
import { useState } from "preact/hooks";
import { api, messageOf, type SettingChanges } from "./api.ts";
import { counted } from "./format.ts";
import { button, failed, problem, say, waiting } from "./parts.ts";
import { SettingsEditor } from "./settings-editor.ts";
import { useAsked } from "./store.ts";

export function TopicSettings(props: { readonly topic: string }): ComponentChild {
  const { topic } = props;
  const { data, error, refresh } = useAsked(`settings of ${topic}`, () => api.settings(topic), 0);
  const [changes, setChanges] = useState<SettingChanges>([]);
  const [refused, setRefused] = useState<string | null>(null);
  /** A new editor forgets what was typed. */
  const [edition, setEdition] = useState(0);
  const forget = (): void => {
    setChanges([]);
    setRefused(null);
    setEdition(edition + 1);
  };
  const save = async (): Promise<void> => {
    try {
      await api.changeSettings(topic, changes);
      say(`${counted(changes.length, "setting")} of ${topic} changed`);
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
    h(SettingsEditor, { key: edition, settings: data.settings, change: setChanges }),
    h(
      "div",
      { class: "save-bar", hidden: changes.length === 0 && refused === null },
      problem(refused),
      h("span", { role: "status" }, `${counted(changes.length, "change")} not saved`),
      button("Discard", forget, { kind: "quiet" }),
      button("Save", () => void save(), { kind: "primary", disabled: changes.length === 0 }),
    ),
  );
}
