/** Giving a topic more partitions, and removing it. */
import { h, type ComponentChild } from "preact";
import { useState } from "preact/hooks";
import { api } from "./api.ts";
import { DialogForm } from "./dialog.ts";
import { count, counted } from "./format.ts";
import { Field, say, textOf } from "./parts.ts";
import { goTo } from "./router.ts";

export function AddPartitions(props: {
  readonly topic: string;
  readonly now: number;
  readonly done: () => void;
}): ComponentChild {
  const { topic, now, done } = props;
  const [inAll, setInAll] = useState(String(now + 1));
  const number = Number(inAll);
  const isMore = Number.isInteger(number) && number > now;
  const act = async (): Promise<void> => {
    await api.addPartitions(topic, number);
    say(`${topic} has ${counted(number, "partition")}`);
    done();
  };
  return h(
    DialogForm,
    {
      title: `Add partitions to ${topic}`,
      action: isMore ? `Add ${count(number - now)}` : "Add",
      actionOptions: { disabled: !isMore },
      act,
    },
    h(Field, {
      label: "Partitions in all",
      hint:
        `There are ${count(now)}. Records stay where they are, but keys may go to other ` +
        "partitions from now on.",
      control: (id, hintId) =>
        h("input", {
          id,
          "aria-describedby": hintId,
          "data-first": true,
          inputMode: "numeric",
          value: inAll,
          onInput: (event: Event) => setInAll(textOf(event)),
        }),
    }),
  );
}

export function DeleteTopic(props: { readonly topic: string }): ComponentChild {
  const { topic } = props;
  const [typed, setTyped] = useState("");
  const act = async (): Promise<void> => {
    await api.deleteTopic(topic);
    say(`Topic ${topic} is gone`);
    goTo({ page: "topics" });
  };
  return h(
    DialogForm,
    {
      title: `Delete ${topic}`,
      action: "Delete topic",
      actionOptions: { kind: "danger", icon: "trash", disabled: typed !== topic },
      act,
    },
    h(
      "p",
      null,
      "All its records are removed from the disk, and what groups have committed for it. ",
      h("b", null, "This can't be undone."),
    ),
    h(Field, {
      label: "Type the topic's name",
      hint: h("code", null, topic),
      control: (id, hintId) =>
        h("input", {
          id,
          "aria-describedby": hintId,
          "data-first": true,
          value: typed,
          autocomplete: "off",
          spellcheck: false,
          onInput: (event: Event) => setTyped(textOf(event)),
        }),
    }),
  );
}
