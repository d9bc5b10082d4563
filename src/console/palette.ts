/** The palette: a few letters lead to a page, a topic, a group or an action. */
import { h, type ComponentChild } from "preact";
import { useEffect, useId, useMemo, useRef, useState } from "preact/hooks";
import type { GroupRows } from "../http/console-api/groups.ts";
import type { TopicRows } from "../http/console-api/topics.ts";
import { api, messageOf } from "./api.ts";
import { close, Dialog, show } from "./dialog.ts";
import { icon, type IconName } from "./icons.ts";
import { say, textOf } from "./parts.ts";
import { goTo, type Place } from "./router.ts";
import { toggleTheme } from "./theme.ts";
import { CreateTopic } from "./topic-create.ts";

interface Entry {
  readonly icon: IconName;
  readonly name: string;
  readonly kind: string;
  readonly act: () => void;
}

const rowsMax = 50;

const page = (name: string, place: Place, iconName: IconName): Entry => {
  return { icon: iconName, name, kind: "Page", act: () => goTo(place) };
};

/** The dialog that is open is closed before an action may open another. */
const fixed: readonly Entry[] = [
  page("Overview", { page: "overview" }, "overview"),
  page("Topics", { page: "topics" }, "topics"),
  page("Groups", { page: "groups" }, "groups"),
  page("Broker", { page: "broker" }, "broker"),
  { icon: "plus", name: "New topic", kind: "Action", act: () => show(() => h(CreateTopic, {})) },
  { icon: "moon", name: "Dark or light", kind: "Action", act: toggleTheme },
];

/** How well a name fits: the beginning counts most; `null`: it does not. */
function rank(name: string, word: string): number | null {
  const at = name.toLowerCase().indexOf(word);
  if (at < 0) return null;
  return at === 0 ? 0 : /[^a-z\d]/i.test(name[at - 1] ?? "") ? 1 : 2;
}

function found(entries: readonly Entry[], search: string): readonly Entry[] {
  const word = search.trim().toLowerCase();
  return entries
    .flatMap((entry) => {
      const order = rank(entry.name, word);
      return order === null ? [] : [{ entry, order }];
    })
    .sort(
      (one, other) => one.order - other.order || one.entry.name.length - other.entry.name.length,
    )
    .slice(0, rowsMax)
    .map(({ entry }) => entry);
}

/** Who types fast asks once. */
const settleMs = 80;

interface Found {
  readonly topics: TopicRows["topics"];
  readonly groups: GroupRows["groups"];
}

/** What the broker has of that name; the answer before until then. */
function useFound(search: string): Found {
  const [answer, setAnswer] = useState<Found>({ topics: [], groups: [] });
  useEffect(() => {
    let isOver = false;
    const query = { search, limit: rowsMax };
    const ask = async (): Promise<void> => {
      const [topics, groups] = await Promise.all([api.topics(query), api.groups(query)]);
      if (!isOver) setAnswer({ topics: topics.topics, groups: groups.groups });
    };
    const timer = setTimeout(
      () => void ask().catch((error: unknown) => say(messageOf(error), "bad")),
      search === "" ? 0 : settleMs,
    );
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [search]);
  return answer;
}

function useEntries(search: string): readonly Entry[] {
  const { topics, groups } = useFound(search.trim());
  return useMemo(
    () => [
      ...fixed,
      ...topics.map(({ name }): Entry => {
        const place: Place = { page: "topic", topic: name, tab: "records" };
        return { icon: "topics", name, kind: "Topic", act: () => goTo(place) };
      }),
      ...groups.map(({ group_id: group }): Entry => {
        return {
          icon: "groups",
          name: group,
          kind: "Group",
          act: () => goTo({ page: "group", group }),
        };
      }),
    ],
    [topics, groups],
  );
}

export function Palette(): ComponentChild {
  const [search, setSearch] = useState("");
  const [selected, select] = useState(0);
  const id = useId();
  const list = useRef<HTMLUListElement>(null);
  const entries = useEntries(search);
  const rows = useMemo(
    () => (search.trim() === "" ? entries.slice(0, rowsMax) : found(entries, search)),
    [entries, search],
  );
  const at = Math.min(selected, rows.length - 1);
  useEffect(() => list.current?.children[at]?.scrollIntoView({ block: "nearest" }), [at]);
  const act = (entry: Entry | undefined): void => {
    if (entry === undefined) return;
    close();
    entry.act();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === "ArrowDown") select(Math.min(at + 1, rows.length - 1));
    else if (event.key === "ArrowUp") select(Math.max(at - 1, 0));
    else if (event.key === "Enter") act(rows[at]);
    else return;
    event.preventDefault();
  };
  return h(
    Dialog,
    { title: "Go to", kind: "palette" },
    h("input", {
      "data-first": true,
      role: "combobox",
      "aria-expanded": "true",
      "aria-controls": id,
      "aria-label": "Topic, group, page or action",
      placeholder: "Topic, group, page or action",
      ...(at >= 0 && { "aria-activedescendant": `${id}-${at}` }),
      value: search,
      autocomplete: "off",
      spellcheck: false,
      onInput: (event: Event) => {
        setSearch(textOf(event));
        select(0);
      },
      onKeyDown,
    }),
    h(
      "ul",
      { ref: list, id, role: "listbox", "aria-label": "Found" },
      rows.map((entry, index) =>
        h(
          "li",
          {
            key: `${entry.kind} ${entry.name}`,
            id: `${id}-${index}`,
            role: "option",
            "aria-selected": index === at,
            onClick: () => act(entry),
          },
          icon(entry.icon),
          h("span", { class: "palette-name" }, entry.name),
          h("span", { class: "muted" }, entry.kind),
        ),
      ),
    ),
    rows.length === 0 && h("p", { class: "muted note", role: "status" }, "Nothing found."),
  );
}
