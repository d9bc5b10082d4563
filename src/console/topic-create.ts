/** Creating a topic: its name, its partitions, and whichever settings are not to be the default. */
import { h, type ComponentChild } from "preact";
import { useState } from "preact/hooks";
import { api, type SettingChanges } from "./api.ts";
import { DialogForm } from "./dialog.ts";
import { Field, problem, say, textOf } from "./parts.ts";
import { goTo } from "./router.ts";
import { SettingsEditor } from "./settings-editor.ts";
import { useAsked } from "./store.ts";

/** Kafka's rule for names (`Topic.validate`). */
const namePattern = /^[\w.-]{1,249}$/;

export function CreateTopic(): ComponentChild {
  const [name, setName] = useState("");
  const [partitions, setPartitions] = useState("");
  const [changes, setChanges] = useState<SettingChanges>([]);
  const isName = namePattern.test(name) && name !== "." && name !== "..";
  const number = partitions === "" ? null : Number(partitions);
  const isNumber = number === null || (Number.isInteger(number) && number > 0);
  const act = async (): Promise<void> => {
    await api.createTopic(name, number, changes);
    say(`Topic ${name} is there`);
    goTo({ page: "topic", topic: name, tab: "records" });
  };
  return h(
    DialogForm,
    {
      title: "New topic",
      kind: "wide",
      action: "Create topic",
      actionOptions: { disabled: !isName || !isNumber },
      act,
    },
    h(
      "div",
      { class: "fields" },
      h(Field, {
        label: "Name",
        hint: "Letters, digits, dots, dashes and underscores.",
        control: (id, hintId) =>
          h("input", {
            id,
            "aria-describedby": hintId,
            "data-first": true,
            value: name,
            maxLength: 249,
            autocomplete: "off",
            spellcheck: false,
            onInput: (event: Event) => setName(textOf(event)),
          }),
      }),
      h(Field, {
        label: "Partitions",
        hint: "More can be added later; fewer can't.",
        control: (id, hintId) =>
          h("input", {
            id,
            "aria-describedby": hintId,
            inputMode: "numeric",
            placeholder: "as the broker has it",
            value: partitions,
            autocomplete: "off",
            onInput: (event: Event) => setPartitions(textOf(event)),
          }),
      }),
    ),
    problem(isNumber ? null : "Partitions are a whole number, from 1 on."),
    h(NewSettings, { change: setChanges }),
  );
}

/** Settings are not needed: they are there for whoever opens them. */
function NewSettings(props: {
  readonly change: (changes: SettingChanges) => void;
}): ComponentChild {
  const [isOpen, setOpen] = useState(false);
  return h(
    "details",
    { onToggle: (event: Event) => setOpen((event.currentTarget as HTMLDetailsElement).open) },
    h("summary", null, "Settings"),
    isOpen && h(DefaultSettings, props),
  );
}

function DefaultSettings(props: {
  readonly change: (changes: SettingChanges) => void;
}): ComponentChild {
  const { data, error } = useAsked("defaults", api.newTopicSettings, 0);
  if (data === null)
    return error === null ? h("p", { class: "muted" }, "Loading…") : problem(error);
  return h(SettingsEditor, {
    settings: data.settings,
    own: "DYNAMIC_TOPIC_CONFIG",
    change: props.change,
  });
}
