/** Small parts of every page: buttons, badges, fields, states, messages that pass. */
import { type ComponentChildren, h, type ComponentChild } from "preact";
import { useEffect, useId } from "preact/hooks";
import { icon, type IconName } from "./icons.ts";
import { Store, useStore } from "./store.ts";

/** What a button is like. */
export interface ButtonOptions {
  readonly kind?: "plain" | "primary" | "danger" | "quiet";
  readonly icon?: IconName;
  /** Shown beside the words where there is room for it. */
  readonly keys?: string;
  readonly disabled?: boolean;
  readonly pressed?: boolean;
  /** What it does, where its words don't say all. */
  readonly title?: string;
  readonly submits?: boolean;
}

/** A button; without words its title is what is read out. */
export function button(
  words: string,
  act: () => void,
  options: ButtonOptions = {},
): ComponentChild {
  const { kind = "plain", keys, title, pressed, submits = false } = options;
  return h(
    "button",
    {
      type: submits ? "submit" : "button",
      class: `button ${kind}${words === "" ? " square" : ""}`,
      disabled: options.disabled ?? false,
      onClick: act,
      ...(title !== undefined && { title }),
      ...(words === "" && title !== undefined && { "aria-label": title }),
      ...(pressed !== undefined && { "aria-pressed": pressed }),
      ...(keys !== undefined && { "aria-keyshortcuts": keys }),
    },
    options.icon && icon(options.icon),
    words !== "" && h("span", null, words),
    keys !== undefined && h("kbd", { "aria-hidden": "true" }, keys),
  );
}

/** A word about a state. */
export const badge = (
  words: string,
  tone: "good" | "bad" | "warn" | "plain" = "plain",
): ComponentChild => h("span", { class: `badge ${tone}` }, words);

/** A page's head: what it is about, and what can be done. */
export function Head(props: {
  readonly title: string;
  readonly back?: { readonly href: string; readonly words: string };
  readonly facts?: ComponentChildren;
  readonly actions?: ComponentChildren;
}): ComponentChild {
  const { title, back, facts, actions } = props;
  useEffect(() => {
    document.title = `${title} · Obelisk`;
  }, [title]);
  return h(
    "header",
    { class: "head" },
    back && h("a", { class: "back", href: back.href }, icon("back"), back.words),
    h(
      "div",
      { class: "head-row" },
      h("h1", { title }, title),
      h("div", { class: "facts" }, facts),
      h("div", { class: "actions" }, actions),
    ),
  );
}

/** Nothing is here, why, and what to do about it. */
export const empty = (
  title: string,
  words: ComponentChildren,
  action?: ComponentChild,
): ComponentChild =>
  h(
    "div",
    { class: "state" },
    h("p", { class: "state-title" }, title),
    h("p", { class: "muted" }, words),
    action,
  );

/** It could not be had; `retry` asks again. */
export const failed = (message: string, retry: () => void): ComponentChild =>
  h(
    "div",
    { class: "state", role: "alert" },
    h("p", { class: "state-title" }, "This could not be loaded"),
    h("p", { class: "muted" }, message),
    button("Try again", retry),
  );

/** What is seen is of the past; `null`: it is not. */
export const stale = (error: string | null): ComponentChild =>
  error === null
    ? null
    : h("p", { class: "problem stale", role: "alert" }, `${error} What is seen here is old.`);

/** Rows that are on their way, where they will stand. */
export const waiting = (rows = 8): ComponentChild =>
  h(
    "div",
    { class: "waiting", role: "status", "aria-label": "Loading" },
    Array.from({ length: rows }, (_, at) => h("div", { key: at, class: "bone" })),
  );

/** Something is wrong with what was asked. */
export const problem = (message: string | null): ComponentChild =>
  h("p", { class: "problem", role: "alert", hidden: message === null }, message);

/** A labelled control; `control` gets the id that the label speaks of. */
export function Field(props: {
  readonly label: string;
  readonly hint?: ComponentChildren;
  readonly wide?: boolean;
  readonly control: (id: string, hintId: string) => ComponentChild;
}): ComponentChild {
  const id = useId();
  const { label, hint, control, wide = false } = props;
  return h(
    "div",
    { class: wide ? "field wide" : "field" },
    h("label", { for: id }, label),
    control(id, `${id}-hint`),
    hint !== undefined && h("p", { class: "hint", id: `${id}-hint` }, hint),
  );
}

/** The text of an input that has changed. */
export const textOf = (event: Event): string =>
  (event.currentTarget as HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement).value;

/** One of a few. */
export function select<V extends string>(
  id: string,
  value: V,
  options: readonly (readonly [value: V, words: string])[],
  change: (value: V) => void,
  label?: string,
): ComponentChild {
  return h(
    "select",
    {
      id,
      value,
      ...(label !== undefined && { "aria-label": label }),
      onChange: (event: Event) => change(textOf(event) as V),
    },
    options.map(([each, words]) => h("option", { key: each, value: each }, words)),
  );
}

/** One of a few, all of which are seen. */
export function choice<V extends string>(
  label: string,
  value: V,
  options: readonly (readonly [value: V, words: string])[],
  change: (value: V) => void,
): ComponentChild {
  return h(
    "div",
    { class: "choice", role: "group", "aria-label": label },
    options.map(([each, words]) =>
      h(
        "button",
        {
          key: each,
          type: "button",
          "aria-pressed": each === value,
          onClick: () => change(each),
        },
        words,
      ),
    ),
  );
}

interface Toast {
  readonly words: string;
  readonly tone: "good" | "bad";
}

const toast = new Store<Toast | null>(null);
let toastTimer = 0;
const toastMs = 5_000;

/** Says something for a few seconds. */
export function say(words: string, tone: Toast["tone"] = "good"): void {
  clearTimeout(toastTimer);
  toast.set({ words, tone });
  toastTimer = setTimeout(() => toast.set(null), toastMs) as unknown as number;
}

/** Where {@link say} is seen, and read out. */
export function Toasts(): ComponentChild {
  const now = useStore(toast);
  return h(
    "div",
    { class: "toasts", role: "status", "aria-live": "polite" },
    now !== null && h("p", { class: `toast ${now.tone}` }, now.words),
  );
}

/** Puts a text where it can be pasted; says so. */
export async function copy(text: string, what: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    say(`${what} copied`);
  } catch {
    // Browsers give it to pages of safe origins only: loopback is one, another host is none.
    say("The browser does not let this page copy", "bad");
  }
}
