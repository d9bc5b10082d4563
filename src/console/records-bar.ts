/** The bar above the records: partition, beginning, filters, and what can be done. */
import { h, type ComponentChild } from "preact";
import { useState } from "preact/hooks";
import { localTime } from "./format.ts";
import { button, choice, textOf } from "./parts.ts";
import type { Filters } from "./api.ts";
import { type Beginning, isFiltered, type RecordsWish } from "./records-wish.ts";

interface BarProps {
  readonly wish: RecordsWish;
  readonly partitions: number;
  readonly change: (change: Partial<RecordsWish>) => void;
  readonly produce: () => void;
  readonly toggleLive: () => void;
}

const beginningWords = [
  ["newest", "Newest"],
  ["oldest", "Oldest"],
  ["offset", "Offset"],
  ["time", "Time"],
] as const;

export function RecordsBar(props: BarProps): ComponentChild {
  const { wish, change, produce, toggleLive } = props;
  const [showsFilters, setShowsFilters] = useState(isFiltered(wish));
  return h(
    "div",
    { class: "bar" },
    h(
      "div",
      { class: "bar-row" },
      h(PartitionBox, props),
      h(BeginningBox, props),
      button("Filter", () => setShowsFilters(!showsFilters), {
        icon: "search",
        pressed: showsFilters,
        title: "Look for a key, a header or a text",
      }),
      h("span", { class: "spring" }),
      button("Live", toggleLive, {
        icon: wish.isLive ? "pause" : "play",
        pressed: wish.isLive,
        keys: "l",
        title: "Show records as they come",
      }),
      button("Produce", produce, { kind: "primary", icon: "send", keys: "p" }),
    ),
    showsFilters && h(FilterRow, { wish, change }),
  );
}

function PartitionBox({ wish, partitions, change }: BarProps): ComponentChild | false {
  const [typed, setTyped] = useState<string | null>(null);
  if (partitions <= 1) return false;
  const words = wish.partition === null ? "" : String(wish.partition);
  const apply = (): void => {
    if (typed === null || typed === words) return;
    const number = Number(typed);
    const isOne = Number.isInteger(number) && number >= 0 && number < partitions;
    setTyped(null);
    if (typed.trim() === "") change({ partition: null });
    else if (isOne) change({ partition: number });
  };
  return h(
    "label",
    { class: "inline" },
    h("span", { class: "wide-only" }, "Partition"),
    h("input", {
      class: "tiny",
      "aria-label": "Partition",
      type: "number",
      min: 0,
      max: partitions - 1,
      placeholder: "all",
      value: typed ?? words,
      onInput: (event: Event) => setTyped(textOf(event)),
      onChange: apply,
      onKeyDown: (event: KeyboardEvent) => event.key === "Enter" && apply(),
    }),
  );
}

function BeginningBox({ wish, change }: BarProps): ComponentChild {
  const [from, setFrom] = useState<Beginning>(wish.from);
  const [offset, setOffset] = useState("");
  const [at, setAt] = useState(() => localTime(Date.now() - 3_600_000));
  const pick = (picked: Beginning): void => {
    setFrom(picked);
    if (picked === "newest" || picked === "oldest") change({ from: picked, isLive: false });
  };
  // What the bar shows follows a shortcut as well.
  const shown = wish.from === "newest" && from === "oldest" ? wish.from : from;
  const go = (): void => {
    if (from === "offset" && /^\d+$/.test(offset)) change({ from, at: offset, isLive: false });
    if (from === "time" && at !== "") change({ from, at, isLive: false });
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === "Enter") go();
  };
  return h(
    "div",
    { class: "inline" },
    choice("Begin with", wish.isLive ? null : shown, beginningWords, pick),
    from === "offset" &&
      h("input", {
        class: "small",
        inputMode: "numeric",
        "aria-label": "Offset to begin with",
        placeholder: "offset",
        value: offset,
        onInput: (event: Event) => setOffset(textOf(event)),
        onKeyDown,
      }),
    from === "time" &&
      h("input", {
        type: "datetime-local",
        step: 1,
        "aria-label": "Time to begin with",
        value: at,
        onInput: (event: Event) => setAt(textOf(event)),
        onKeyDown,
      }),
    (from === "offset" || from === "time") && button("Go", go),
  );
}

function FilterRow({ wish, change }: Pick<BarProps, "wish" | "change">): ComponentChild {
  const [filters, setFilters] = useState<Filters>(wish.filters);
  const box = (name: keyof Filters, label: string, hint: string): ComponentChild =>
    h("input", {
      type: "search",
      "aria-label": label,
      placeholder: hint,
      value: filters[name] ?? "",
      spellcheck: false,
      autocomplete: "off",
      onInput: (event: Event) => setFilters({ ...filters, [name]: textOf(event) }),
    });
  const clear = (): void => {
    setFilters({});
    change({ filters: {} });
  };
  return h(
    "form",
    {
      class: "bar-row filters",
      onSubmit: (event: Event) => {
        event.preventDefault();
        change({ filters });
      },
    },
    box("key", "Key", "Key is…"),
    box("header", "Header", "Header: name, or name=value"),
    box("contains", "Text", "Key or value contains…"),
    button("Find", () => undefined, { submits: true }),
    button("Clear", clear, { kind: "quiet", disabled: !isFiltered({ ...wish, filters }) }),
  );
}
