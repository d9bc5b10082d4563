/** Moving what a group has committed: chosen, looked at partition by partition, then done. */
import { h, type ComponentChild } from "preact";
import { useState } from "preact/hooks";
import type { GroupDetail } from "../http/console-api/groups.ts";
import type { ResetResult } from "../http/console-api/reset.ts";
import { api, messageOf, type ResetWish } from "./api.ts";
import { close, Dialog } from "./dialog.ts";
import { count, counted, localTime } from "./format.ts";
import { type Column, Grid } from "./grid.ts";
import { button, Field, problem, say, select, textOf } from "./parts.ts";

type Move = ResetResult["moves"][number];
type To = ResetWish["to"];

const targets = [
  ["earliest", "The beginning"],
  ["latest", "The end"],
  ["time", "A time"],
  ["offset", "An offset"],
  ["shift", "By a number of records"],
] as const;

/** What is typed beside a target. */
const values: Readonly<Partial<Record<To, readonly [label: string, hint: string]>>> = {
  time: ["Time", "The first record that is as late, in each partition."],
  offset: ["Offset", "Where a partition has fewer records: its end."],
  shift: ["Records", "Back with a minus: -100."],
};

const signed = (value: number): string => (value > 0 ? `+${count(value)}` : count(value));

const columns: readonly Column<Move>[] = [
  { name: "Topic", cell: ({ topic }) => topic },
  { name: "Part.", isNumber: true, cell: ({ partition }) => String(partition) },
  {
    name: "Before",
    isNumber: true,
    cell: ({ before }) => (before === null ? "–" : count(before)),
  },
  { name: "After", isNumber: true, cell: ({ after }) => h("b", null, count(after)) },
  {
    name: "Change",
    isNumber: true,
    cell: ({ before, after, start }) => signed(after - (before ?? start)),
  },
  { name: "Lag then", isNumber: true, isMinor: true, cell: ({ after, end }) => count(end - after) },
];

/** In one sentence, for those who don't read all rows. */
function sentence(moves: readonly Move[]): string {
  const change = ({ before, after, start }: Move): number => after - (before ?? start);
  const back = moves.reduce((sum, move) => sum + Math.max(0, -change(move)), 0);
  const skipped = moves.reduce((sum, move) => sum + Math.max(0, change(move)), 0);
  const moved = moves.filter((move) => move.before !== move.after).length;
  if (moved === 0) return "Nothing would change.";
  const parts = [
    back > 0 ? `${counted(back, "record")} would be read again` : "",
    skipped > 0 ? `${counted(skipped, "record")} would be skipped` : "",
  ].filter((part) => part !== "");
  return `${counted(moved, "partition")} would move: ${parts.join(", ") || "only marks change"}.`;
}

export function GroupReset(props: {
  readonly id: string;
  readonly group: GroupDetail;
  readonly done: () => void;
}): ComponentChild {
  const { id, group, done } = props;
  const [to, setTo] = useState<To>("earliest");
  const [value, setValue] = useState("");
  const [topic, setTopic] = useState("");
  const [seen, setSeen] = useState<readonly Move[] | null>(null);
  const [error, setError] = useState<string | null>(null);
  const isRead = group.members.length > 0;
  const run = async (isPreview: boolean): Promise<void> => {
    setError(null);
    try {
      const { moves } = await api.resetGroup(id, wishOf(to, value, topic), isPreview);
      if (isPreview) return setSeen(moves);
      say(`${counted(moves.length, "offset")} of ${id} set`);
      done();
      close();
    } catch (failure) {
      setError(failure instanceof RangeError ? "That is no time." : messageOf(failure));
    }
  };
  /** What was seen is no longer what is asked. */
  const change =
    <V>(set: (value: V) => void) =>
    (changed: V): void => {
      set(changed);
      setSeen(null);
    };
  const pick = (target: To): void => {
    change(setTo)(target);
    setValue(target === "time" ? localTime(Date.now() - 3_600_000) : "");
  };
  const submitted = (event: Event): void => {
    event.preventDefault();
    void run(seen === null);
  };
  return h(
    Dialog,
    { title: `Reset offsets of ${id}`, kind: "wide" },
    h(
      "form",
      { onSubmit: submitted },
      h(
        "div",
        { class: "dialog-content" },
        isRead && problem(refusalOf(group)),
        h(
          "div",
          { class: "fields" },
          h(Field, {
            label: "Topics",
            control: (key) => select(key, topic, topicsOf(group), change(setTopic)),
          }),
          h(Field, { label: "Move to", control: (key) => select(key, to, targets, pick) }),
          valueField(to, value, change(setValue)),
        ),
        problem(error),
        seen !== null && h(Preview, { moves: seen }),
      ),
      foot(seen, isRead, run),
    ),
  );
}

/** Throws RangeError for a time that is none. @param topic empty: all */
const wishOf = (to: To, value: string, topic: string): ResetWish => ({
  to,
  ...(to in values && { value: to === "time" ? new Date(value).toISOString() : value.trim() }),
  ...(topic !== "" && { topics: [{ topic }] }),
});

const refusalOf = ({ members }: GroupDetail): string =>
  `The group has ${counted(members.length, "member")}, who keep their places themselves. ` +
  "Stop them first; then its offsets can be moved.";

const foot = (
  seen: readonly Move[] | null,
  isRead: boolean,
  run: (isPreview: boolean) => Promise<void>,
): ComponentChild =>
  h(
    "div",
    { class: "dialog-foot" },
    button("Cancel", close, { kind: "quiet" }),
    button("Preview", () => void run(true), { disabled: isRead }),
    button(
      seen === null ? "Reset" : `Reset ${counted(seen.length, "partition")}`,
      () => void run(false),
      {
        kind: "primary",
        disabled: seen === null || isRead || seen.length === 0,
        title: seen === null ? "Look at the preview first" : "Set these offsets",
      },
    ),
  );

const topicsOf = ({ topics }: GroupDetail): readonly (readonly [string, string])[] => [
  ["", "All that it has committed"],
  ...topics.map((name) => [name, name] as const),
];

function valueField(
  to: To,
  value: string,
  change: (value: string) => void,
): ComponentChild | false {
  const words = values[to];
  if (words === undefined) return false;
  return h(Field, {
    label: words[0],
    hint: words[1],
    control: (id, hintId) =>
      h("input", {
        id,
        "aria-describedby": hintId,
        ...(to === "time" && { type: "datetime-local", step: 1 }),
        value,
        onInput: (event: Event) => change(textOf(event)),
      }),
  });
}

function Preview(props: { readonly moves: readonly Move[] }): ComponentChild {
  const { moves } = props;
  const [selected, pick] = useState(0);
  return h(
    "div",
    { class: "preview" },
    h("p", { role: "status" }, sentence(moves)),
    moves.length > 0 &&
      h(Grid<Move>, {
        label: "What would be done",
        kind: "moves-grid",
        columns,
        count: moves.length,
        row: (index) => moves[index],
        selected,
        select: pick,
      }),
  );
}
