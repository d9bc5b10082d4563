/** A box that narrows the list below it: the arrow leads into that list, Enter opens its row. */
import { h, type RefObject, type ComponentChild } from "preact";
import { icon } from "./icons.ts";
import { textOf } from "./parts.ts";

export function SearchBox(props: {
  readonly box: RefObject<HTMLInputElement | null>;
  readonly label: string;
  readonly value: string;
  readonly change: (value: string) => void;
  /** How much was found; `null`: nothing was looked for. */
  readonly found: string | null;
  readonly enter: () => void;
}): ComponentChild {
  const { box, label, value, change, found, enter } = props;
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === "Enter") enter();
    else if (event.key === "ArrowDown") document.querySelector<HTMLElement>(".grid")?.focus();
    else if (event.key === "Escape" && value !== "") change("");
    else if (event.key === "Escape") box.current?.blur();
    else return;
    event.preventDefault();
  };
  return h(
    "div",
    { class: "search" },
    icon("search"),
    h("input", {
      ref: box,
      type: "search",
      "aria-label": label,
      placeholder: label,
      value,
      spellcheck: false,
      autocomplete: "off",
      onInput: (event: Event) => change(textOf(event)),
      onKeyDown,
    }),
    h("span", { class: "muted", role: "status" }, found),
    h("kbd", { "aria-hidden": "true" }, "f"),
  );
}
