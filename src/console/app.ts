/** The frame around all pages: where one can go, and how the broker is. */
import { h, type ComponentChild } from "preact";
import { useEffect } from "preact/hooks";
import { BrokerPage } from "./broker-page.ts";
import { Dialogs, show } from "./dialog.ts";
import { Group } from "./group.ts";
import { Groups } from "./groups.ts";
import { Help } from "./help.ts";
import { icon, type IconName, mark } from "./icons.ts";
import { useKeys } from "./keys.ts";
import { live } from "./live.ts";
import { Overview } from "./overview.ts";
import { Palette } from "./palette.ts";
import { button, Toasts } from "./parts.ts";
import { goTo, linkTo, type Place, usePlace } from "./router.ts";
import { useStore } from "./store.ts";
import { isDark, toggleTheme } from "./theme.ts";
import { Topic } from "./topic.ts";
import { Topics } from "./topics.ts";

const openPalette = (): void => show(() => h(Palette, {}));
const openHelp = (): void => show(() => h(Help, {}));

const entries: readonly (readonly [
  page: "overview" | "topics" | "groups" | "broker",
  words: string,
  icon: IconName,
])[] = [
  ["overview", "Overview", "overview"],
  ["topics", "Topics", "topics"],
  ["groups", "Groups", "groups"],
  ["broker", "Broker", "broker"],
];

/** The entry that a place belongs to. */
const entryOf = ({ page }: Place): string =>
  page === "topic" ? "topics" : page === "group" ? "groups" : page;

function Content(props: { readonly place: Place }): ComponentChild {
  const { place } = props;
  switch (place.page) {
    case "overview":
      return h(Overview, {});
    case "topics":
      return h(Topics, {});
    case "topic":
      return h(Topic, { key: place.topic, topic: place.topic, tab: place.tab });
    case "groups":
      return h(Groups, {});
    case "group":
      return h(Group, { key: place.group, group: place.group });
    default:
      return h(BrokerPage, {});
  }
}

/** Whether the broker answers: what is on the page is otherwise of the past. */
function Pulse(): ComponentChild {
  const { now, error } = useStore(live);
  const state = error !== null ? "bad" : now === null ? "new" : "good";
  const words = { bad: error ?? "", new: "Connecting…", good: "Connected" }[state];
  return h(
    "p",
    { class: `link-state ${state}`, role: "status" },
    h("i", { "aria-hidden": "true" }),
    words,
  );
}

/** What had the focus may be gone with its page: Tab goes on from the new one's beginning. */
function useFocusOnPage(place: Place): void {
  useEffect(() => {
    if (document.activeElement === document.body) document.getElementById("main")?.focus();
  }, [linkTo(place)]);
}

export function App(): ComponentChild {
  const place = usePlace();
  const dark = useStore(isDark);
  useKeys({
    "/": openPalette,
    "mod+k": openPalette,
    "?": openHelp,
    d: toggleTheme,
    "g o": () => goTo({ page: "overview" }),
    "g t": () => goTo({ page: "topics" }),
    "g g": () => goTo({ page: "groups" }),
    "g b": () => goTo({ page: "broker" }),
    j: () => document.querySelector<HTMLElement>("main .grid")?.focus(),
  });
  useFocusOnPage(place);
  return h(
    "div",
    { class: "app" },
    h("a", { class: "skip", href: "#main", onClick: skip }, "Skip to the content"),
    h(
      "aside",
      { class: "side", "aria-label": "Console" },
      h(
        "a",
        { class: "brand", href: linkTo({ page: "overview" }) },
        mark(),
        h("span", null, "Obelisk"),
      ),
      h(
        "button",
        { type: "button", class: "jump", onClick: openPalette, "aria-label": "Go to…" },
        icon("search"),
        h("span", null, "Go to…"),
        h("kbd", { "aria-hidden": "true" }, "/"),
      ),
      h(
        "nav",
        { "aria-label": "Pages" },
        entries.map(([page, words, iconName]) =>
          h(
            "a",
            {
              key: page,
              href: linkTo({ page }),
              ...(entryOf(place) === page && { "aria-current": "page" as const }),
            },
            icon(iconName),
            h("span", null, words),
          ),
        ),
      ),
      h(
        "div",
        { class: "side-foot" },
        h(Pulse, {}),
        button("", toggleTheme, {
          kind: "quiet",
          icon: dark ? "sun" : "moon",
          title: dark ? "Light" : "Dark",
        }),
        button("", openHelp, { kind: "quiet", icon: "help", title: "Shortcuts" }),
      ),
    ),
    h("main", { id: "main", tabIndex: -1 }, h(Content, { place })),
    h(Dialogs, {}),
    h(Toasts, {}),
  );
}

/** The address belongs to the router: a link to a part of the page would lead elsewhere. */
function skip(event: Event): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}
