/**
 * Lists that the broker answers in pieces: only rows that are seen, or were lately, are here, and
 * only those that are seen are asked for again.
 */
import { useEffect, useRef, useState } from "preact/hooks";
import type { ListQuery } from "./api.ts";
import { type Asked, useAsked } from "./store.ts";

/** How a list is ordered. */
export interface Order<By extends string> {
  readonly by: By;
  readonly isDown: boolean;
}

/** How a list is ordered, and which of its rows is selected: the first, once the order changes. */
export interface Ordered {
  readonly order: Order<string>;
  readonly sort: (order: Order<string>) => void;
  readonly selected: number;
  readonly select: (index: number) => void;
}

/** @param by what it is ordered by at first, upward */
export function useOrder(by: string): Ordered {
  const [order, setOrder] = useState<Order<string>>({ by, isDown: false });
  const [selected, select] = useState(0);
  const sort = (changed: Order<string>): void => {
    setOrder(changed);
    select(0);
  };
  return { order, sort, selected, select };
}

/** See the head of this file. */
export interface Rows<Answer, Row> extends Asked<Answer> {
  /** `undefined`: it is on its way. */
  readonly row: (index: number) => Row | undefined;
  /** These are looked at. */
  readonly seen: (from: number, to: number) => void;
}

const pieceRows = 100;
/** Of one answer; the broker gives no more. */
const answerRows = 1_000;
/** Rows that are kept beside those that are seen. */
const keptRows = 5_000;
/** Who scrolls fast sees nothing of what passes by. */
const settleMs = 60;

/** What is known of one list. */
class Known<Row> {
  rows = new Map<number, Row>();
  variant = "";
  from = 0;
  to = pieceRows;
  timer = 0;

  take(from: number, rows: readonly Row[], variant: string): void {
    if (variant !== this.variant || this.rows.size > keptRows) this.rows = new Map();
    this.variant = variant;
    for (const [at, row] of rows.entries()) this.rows.set(from + at, row);
  }
}

/**
 * @param key forgets what it has when it changes
 * @param variant asks anew when it changes, and shows what was there until then
 */
export function useRows<Answer, Row>(
  key: string,
  variant: string,
  ask: (piece: Pick<ListQuery, "from" | "limit">) => Promise<Answer>,
  rowsOf: (answer: Answer) => readonly Row[],
  everyMs: number,
): Rows<Answer, Row> {
  const known = useRef(new Known<Row>()).current;
  const wanted = useRef(variant);
  const isNew = wanted.current !== variant;
  wanted.current = variant;
  if (isNew) [known.from, known.to] = [0, pieceRows];
  const asked = useAsked(
    key,
    async () => {
      const { from } = known;
      const limit = Math.min(known.to - from, answerRows);
      const answer = await ask({ from, limit });
      if (wanted.current === variant) known.take(from, rowsOf(answer), variant);
      return answer;
    },
    everyMs,
  );
  const { refresh } = asked;
  useEffect(() => {
    if (known.variant !== "") refresh();
    return () => clearTimeout(known.timer);
  }, [variant]);
  const seen = useRef((from: number, to: number): void => {
    known.from = Math.floor(from / pieceRows) * pieceRows;
    known.to = Math.max(Math.ceil(to / pieceRows), 1) * pieceRows;
    clearTimeout(known.timer);
    for (let at = from; at < to; at++) {
      if (known.rows.has(at)) continue;
      known.timer = setTimeout(refresh, settleMs) as unknown as number;
      return;
    }
  }).current;
  return { ...asked, row: (index) => known.rows.get(index), seen };
}
