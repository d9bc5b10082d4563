/**
 * A table of any length: only the rows that are seen are there. Rows have one height; what is
 * beyond a browser's tallest element is scaled, and the wheel and the keys still go row by row.
 *
 * Invariant: the row at the top of the view is `top`, a fraction of a row included; the native
 * scroll position follows it, or it follows the native one, depending on who moved.
 */
import { type ComponentChildren, h, type ComponentChild } from "preact";
import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Order } from "./rows.ts";

/** One column. */
export interface Column<Row> {
  readonly name: string;
  readonly cell: (row: Row, index: number) => ComponentChildren;
  /** To the right, with digits of one width. */
  readonly isNumber?: boolean;
  /** Left out where the screen is narrow. */
  readonly isMinor?: boolean;
  /** What the list is ordered by when its name is pressed; none: it can't be. */
  readonly by?: string;
}

/** See the head of this file. */
export interface GridProps<Row> {
  readonly label: string;
  /** Of the columns, as CSS has them: the name of a class. */
  readonly kind: string;
  readonly columns: readonly Column<Row>[];
  readonly count: number;
  /** `undefined`: it is on its way. */
  readonly row: (index: number) => Row | undefined;
  /** Where `row` may be asked soon. */
  readonly seen?: (from: number, to: number) => void;
  /** What Enter, or a click, does. */
  readonly open?: (row: Row, index: number) => void;
  readonly selected: number;
  readonly select: (index: number) => void;
  readonly order?: Order<string>;
  readonly sort?: (order: Order<string>) => void;
  /** Goes there when it changes, also to what is selected already. */
  readonly jump?: { readonly index: number };
}

/** Browsers make no element taller than some 16 to 33 million pixels. */
const pixelsMax = 12_000_000;
const spareRows = 6;

/** Fingers need taller rows. */
const rowPixels = (): number => (matchMedia("(pointer: coarse)").matches ? 42 : 34);

/** Where the view is. */
interface View {
  readonly top: number;
  readonly scrolled: number;
  readonly pixels: number;
}

/** Moves the view of a scroller over `count` rows. */
class Scroller {
  view: View = { top: 0, scrolled: 0, pixels: 0 };
  count = 0;
  readonly rowPixels = rowPixels();
  changed: () => void = () => undefined;
  #element: HTMLElement | null = null;
  /** What was set here is heard as an event as well. */
  #set = -1;

  get bodyPixels(): number {
    return Math.min(this.count * this.rowPixels, pixelsMax);
  }

  get #isScaled(): boolean {
    return this.count * this.rowPixels > pixelsMax;
  }

  get #lastTop(): number {
    return Math.max(0, this.count - this.view.pixels / this.rowPixels);
  }

  attach(element: HTMLElement, headPixels: number): () => void {
    this.#element = element;
    const measure = (): void => {
      this.view = { ...this.view, pixels: Math.max(0, element.clientHeight - headPixels) };
      this.changed();
    };
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    const wheel = (event: WheelEvent): void => {
      if (!this.#isScaled || event.ctrlKey) return;
      event.preventDefault();
      const unit = event.deltaMode === 1 ? this.rowPixels : 1;
      this.moveTo(this.view.top + (event.deltaY * unit) / this.rowPixels);
    };
    element.addEventListener("wheel", wheel, { passive: false });
    measure();
    return () => {
      observer.disconnect();
      element.removeEventListener("wheel", wheel);
    };
  }

  /** The reader moved the native one. */
  heard(scrolled: number): void {
    if (Math.abs(scrolled - this.#set) < 1.5) {
      this.#set = -1;
      return;
    }
    const range = this.bodyPixels - this.view.pixels;
    const top = this.#isScaled
      ? (scrolled / Math.max(1, range)) * this.#lastTop
      : scrolled / this.rowPixels;
    this.view = { ...this.view, top, scrolled };
    this.changed();
  }

  /** Puts this row at the top. */
  moveTo(row: number): void {
    const top = Math.min(Math.max(0, row), this.#lastTop);
    const range = Math.max(0, this.bodyPixels - this.view.pixels);
    const scrolled = this.#isScaled
      ? Math.round((top / Math.max(1e-9, this.#lastTop)) * range)
      : top * this.rowPixels;
    this.#set = scrolled;
    if (this.#element !== null) this.#element.scrollTop = scrolled;
    this.view = { ...this.view, top, scrolled };
    this.changed();
  }

  /** Moves as little as is needed to see this row. */
  reveal(row: number): void {
    const rows = Math.floor(this.view.pixels / this.rowPixels);
    if (rows <= 0) return;
    if (row < this.view.top) this.moveTo(row);
    else if (row > this.view.top + rows - 1) this.moveTo(row - rows + 1);
  }
}

/** Where a key leads from a row; `null`: it leads nowhere. */
function rowAfter(key: string, row: number, count: number, pageRows: number): number | null {
  const next: Readonly<Record<string, number>> = {
    ArrowDown: row + 1,
    j: row + 1,
    ArrowUp: row - 1,
    k: row - 1,
    PageDown: row + pageRows,
    PageUp: row - pageRows,
    Home: 0,
    End: count - 1,
  };
  const wanted = Object.hasOwn(next, key) ? next[key] : undefined;
  return wanted === undefined || count === 0 ? null : Math.min(Math.max(0, wanted), count - 1);
}

export function Grid<Row>(props: GridProps<Row>): ComponentChild {
  const { columns, count, selected } = props;
  const id = useId();
  const element = useRef<HTMLDivElement>(null);
  const [, render] = useState({});
  const scroller = useRef<Scroller>(null);
  scroller.current ??= new Scroller();
  const moved = scroller.current;
  moved.count = count;
  moved.changed = () => render({});
  useLayoutEffect(() => {
    const head = element.current?.firstElementChild;
    return element.current === null
      ? undefined
      : moved.attach(element.current, head?.clientHeight ?? 0);
  }, [moved]);
  useLayoutEffect(() => {
    if (props.jump !== undefined) moved.moveTo(props.jump.index);
  }, [props.jump, moved]);
  const { view } = moved;
  const from = Math.max(0, Math.floor(view.top) - spareRows);
  const to = Math.min(count, Math.ceil(view.top + view.pixels / moved.rowPixels) + spareRows);
  useEffect(() => props.seen?.(from, to), [from, to, props.seen]);
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target !== element.current) return;
    const pageRows = Math.max(1, Math.floor(view.pixels / moved.rowPixels) - 1);
    const next = rowAfter(event.key, selected, count, pageRows);
    const row = props.row(selected);
    if (next !== null) {
      props.select(next);
      moved.reveal(next);
    } else if (event.key === "Enter" && row !== undefined) props.open?.(row, selected);
    else return;
    event.preventDefault();
  };
  const rows = Array.from({ length: Math.max(0, to - from) }, (_, at) => {
    const index = from + at;
    const y = view.scrolled + (index - view.top) * moved.rowPixels;
    return gridRow(props, `${id}-${index}`, index, y, moved.rowPixels);
  });
  const isShown = selected >= from && selected < to;
  return h(
    "div",
    {
      ref: element,
      class: `grid ${props.kind}`,
      role: "grid",
      "aria-label": props.label,
      "aria-rowcount": count + 1,
      "aria-colcount": columns.length,
      tabIndex: 0,
      ...(isShown && { "aria-activedescendant": `${id}-${selected}` }),
      onScroll: () => moved.heard(element.current?.scrollTop ?? 0),
      onKeyDown,
    },
    gridHead(props),
    h(
      "div",
      { class: "grid-body", role: "rowgroup", style: { height: `${moved.bodyPixels}px` } },
      rows,
    ),
  );
}

const cellClass = <Row>({ isNumber = false, isMinor = false }: Column<Row>): string =>
  `${isNumber ? "number" : "words"}${isMinor ? " minor" : ""}`;

const gridHead = <Row>(props: GridProps<Row>): ComponentChild =>
  h(
    "div",
    { class: "grid-head", role: "rowgroup" },
    h(
      "div",
      { class: "grid-row", role: "row", "aria-rowindex": 1 },
      props.columns.map((column) => columnHead(props, column)),
    ),
  );

function columnHead<Row>({ order, sort }: GridProps<Row>, column: Column<Row>): ComponentChild {
  const { name, by, isNumber = false } = column;
  const isIt = by !== undefined && order?.by === by;
  const isDown = isIt && order.isDown;
  const pressed = (): void => {
    // Of numbers the largest is looked for, of names the first.
    if (by !== undefined) sort?.({ by, isDown: isIt ? !isDown : isNumber });
  };
  return h(
    "div",
    {
      key: name,
      role: "columnheader",
      class: cellClass(column),
      ...(isIt && { "aria-sort": isDown ? ("descending" as const) : ("ascending" as const) }),
    },
    by === undefined || sort === undefined
      ? name
      : h(
          "button",
          {
            type: "button",
            class: "sort",
            title: `Order by ${name.toLowerCase()}`,
            onClick: pressed,
          },
          name,
          isIt && h("span", { "aria-hidden": "true" }, isDown ? " ↓" : " ↑"),
        ),
  );
}

function gridRow<Row>(
  props: GridProps<Row>,
  id: string,
  index: number,
  y: number,
  pixels: number,
): ComponentChild {
  const row = props.row(index);
  return h(
    "div",
    {
      key: index,
      id,
      class: "grid-row",
      role: "row",
      "aria-rowindex": index + 2,
      "aria-selected": index === props.selected,
      style: { transform: `translateY(${y}px)`, height: `${pixels}px` },
      onClick: () => {
        props.select(index);
        if (row !== undefined) props.open?.(row, index);
      },
    },
    props.columns.map((column) =>
      h(
        "div",
        { key: column.name, role: "gridcell", class: cellClass(column) },
        row === undefined ? h("span", { class: "bone" }) : column.cell(row, index),
      ),
    ),
  );
}
