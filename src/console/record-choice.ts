/** Which of the records in the list is chosen: it stays so while others come or go. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { RecordView } from "./record.ts";
import { OffsetSource, type RecordRow, type RecordSource } from "./record-source.ts";
import type { RecordsWish } from "./records-wish.ts";

/** See the head of this file. */
export interface Choice {
  /** The row; -1: none. */
  readonly selected: number;
  readonly chosen: RecordView | null;
  /** Where the list begins to be seen. */
  readonly jump: { readonly index: number };
  readonly pick: (index: number) => void;
}

/** The place of a row, for finding it again when rows move. */
const idOf = (row: RecordRow | undefined): string =>
  row?.kind === "record" ? `${row.record.partition}/${row.record.offset}` : "";

export function useChoice(source: RecordSource, wish: RecordsWish): Choice {
  const [chosen, choose] = useState<RecordView | null>(null);
  const [selected, select] = useState(0);
  const jump = useMemo(() => {
    const isPlace = wish.from === "offset" && source instanceof OffsetSource;
    return { index: isPlace ? source.indexOf(Number(wish.at)) : 0 };
  }, [source]);
  useEffect(() => {
    // What comes live is looked at as it passes: nothing is chosen until somebody does.
    select(wish.isLive ? -1 : jump.index);
    if (wish.isLive) choose(null);
  }, [jump]);
  const came = useRef(0);
  useEffect(() => {
    if (source.came > came.current && chosen !== null) {
      select(Math.min(selected + source.came - came.current, source.count - 1));
    }
    came.current = source.came;
  }, [source, source.came]);
  const row = source.row(selected);
  const chosenId = chosen === null ? "" : `${chosen.partition}/${chosen.offset}`;
  useEffect(() => {
    if (wish.isLive || row?.kind !== "record" || idOf(row) === chosenId) return;
    choose(row.record);
  }, [row, wish.isLive]);
  const pick = (index: number): void => {
    select(index);
    const picked = source.row(index);
    if (picked?.kind === "record") choose(picked.record);
  };
  return { selected, chosen, jump, pick };
}
