/** Which of the records in the list is chosen: it stays so while others come or go. */
import { useEffect, useMemo, useState } from "preact/hooks";
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
  /** Of the source, as it was when this was asked for. */
  readonly row: (index: number) => RecordRow | undefined;
  readonly pick: (index: number) => void;
}

/** The place of a row, for finding it again when rows move. */
const idOf = (row: RecordRow | undefined): string =>
  row?.kind === "record" ? `${row.record.partition}/${row.record.offset}` : "";

export function useChoice(source: RecordSource, wish: RecordsWish): Choice {
  const [chosen, choose] = useState<RecordView | null>(null);
  const [place, setPlace] = useState({ index: 0, came: 0 });
  const { came } = source;
  const jump = useMemo(() => {
    const isPlace = wish.from === "offset" && source instanceof OffsetSource;
    return { index: isPlace ? source.indexOf(Number(wish.at)) : 0 };
  }, [source]);
  useEffect(() => {
    // What comes live is looked at as it passes: nothing is chosen until somebody does.
    setPlace({ index: wish.isLive ? -1 : jump.index, came: 0 });
    if (wish.isLive) choose(null);
  }, [jump]);
  const selected = place.index < 0 ? -1 : Math.max(-1, place.index + came - place.came);
  // Rows that are drawn keep their numbers until they are drawn again, whatever comes meanwhile.
  const row = (index: number): RecordRow | undefined => source.row(index + source.came - came);
  const now = row(selected);
  const chosenId = chosen === null ? "" : `${chosen.partition}/${chosen.offset}`;
  useEffect(() => {
    if (wish.isLive || now?.kind !== "record" || idOf(now) === chosenId) return;
    choose(now.record);
  }, [now, wish.isLive]);
  const pick = (index: number): void => {
    setPlace({ index, came });
    const picked = row(index);
    if (picked?.kind === "record") choose(picked.record);
  };
  return { selected, chosen, jump, row, pick };
}
