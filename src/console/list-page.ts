/** A page that is a list of its own, found by a part of a name and ordered by a column. */
import { type ComponentChildren, h, type ComponentChild } from "preact";
import { useRef, useState } from "preact/hooks";
import type { ListAnswer } from "../http/console-api/list-route.ts";
import type { ListQuery } from "./api.ts";
import { counted } from "./format.ts";
import { type Column, Grid } from "./grid.ts";
import { useKeys } from "./keys.ts";
import { empty, failed, Head, stale, waiting } from "./parts.ts";
import { useOrder, useRows } from "./rows.ts";
import { SearchBox } from "./search-box.ts";

interface ListPageProps<Row> {
  readonly title: string;
  /** One of its rows, in a word. */
  readonly one: string;
  readonly kind: string;
  readonly columns: readonly Column<Row>[];
  /** What it is ordered by at first. */
  readonly by: string;
  readonly ask: (query: ListQuery & { readonly order: string }) => Promise<ListAnswer<Row>>;
  readonly everyMs: number;
  readonly open: (row: Row) => void;
  /** Where there are none at all. */
  readonly none: ComponentChild;
  readonly actions?: ComponentChildren;
}

export function ListPage<Row>(props: ListPageProps<Row>): ComponentChild {
  const { title, one, kind, columns, by, ask, everyMs, open, none, actions } = props;
  const [search, setSearch] = useState("");
  const { order, sort, selected, select } = useOrder(by);
  const box = useRef<HTMLInputElement>(null);
  const { data, error, refresh, row, seen } = useRows(
    title,
    `${order.by} ${order.isDown} ${search}`,
    (piece) => ask({ ...piece, search, order: order.by, down: order.isDown }),
    ({ rows }) => rows,
    everyMs,
  );
  useKeys({ f: () => box.current?.focus() });
  const at = Math.min(selected, (data?.found ?? 1) - 1);
  const content = (): ComponentChild => {
    if (data === null) return error === null ? waiting(12) : failed(error, refresh);
    if (data.total === 0) return none;
    if (data.found === 0) {
      const words = `None of ${counted(data.total, one)} has “${search}” in its name.`;
      return empty(`No ${one} matches`, words);
    }
    const { found: count } = data;
    const list = { label: title, kind, columns, count, row, seen, open, order, sort };
    return h(Grid<Row>, { ...list, selected: at, select });
  };
  return h(
    "div",
    { class: "page fills" },
    h(Head, { title, facts: data !== null && counted(data.total, one), actions }),
    h(SearchBox, {
      box,
      label: `Find ${title.toLowerCase()}`,
      value: search,
      change: (value) => {
        setSearch(value);
        select(0);
      },
      found: search === "" || data === null ? null : counted(data.found, "match", "matches"),
      enter: () => {
        const found = row(at);
        if (found !== undefined) open(found);
      },
    }),
    stale(data === null ? null : error),
    content(),
  );
}
