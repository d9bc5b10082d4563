/** One record: its value in JSON, text or hex, its key and headers, and producing it again. */
import { h, type ComponentChild } from "preact";
import { useMemo, useState } from "preact/hooks";
import { bytes, count, time } from "./format.ts";
import { jsonTokens } from "./json-text.ts";
import { useKeys } from "./keys.ts";
import { badge, button, choice, copy, empty } from "./parts.ts";
import { anyText, hexDump, preview, type RecordView, textIn, toBase64 } from "./record.ts";

const ways = ["json", "text", "hex"] as const;
type Way = (typeof ways)[number];
const wayWords = [
  ["json", "JSON"],
  ["text", "Text"],
  ["hex", "Hex"],
] as const;

/** More of a value is shown when it is asked for: a browser takes long to lay out megabytes. */
const shownBytes = 32 * 1024;

/** The way that fits: what is JSON as that, other text as text. */
function fitting(value: Uint8Array | null): Way {
  if (value === null) return "text";
  const text = textIn(value);
  if (text === null) return "hex";
  return jsonTokens(text) === null ? "text" : "json";
}

export function RecordDetail(props: {
  readonly record: RecordView | null;
  readonly replay: (record: RecordView) => void;
  readonly close: () => void;
}): ComponentChild {
  const { record, replay, close } = props;
  const [chosen, choose] = useState<Way | null>(null);
  const copyValue = (): void => {
    if (record?.value) void copy(textIn(record.value) ?? toBase64(record.value), "Value");
  };
  useKeys({
    y: copyValue,
    r: () => record !== null && replay(record),
    v: () => {
      const now = chosen ?? fitting(record?.value ?? null);
      choose(ways[(ways.indexOf(now) + 1) % ways.length] ?? "json");
    },
  });
  if (record === null) {
    return h(
      "aside",
      { class: "detail nothing" },
      empty("No record chosen", "Choose one in the list; the arrow keys go from one to the next."),
    );
  }
  const { partition, offset, timestamp, value } = record;
  const way = chosen ?? fitting(value);
  return h(
    "aside",
    { class: "detail", "aria-label": "Record" },
    h(
      "div",
      { class: "detail-head" },
      h("h2", null, `Offset ${count(offset)}`),
      h("span", { class: "muted" }, `partition ${partition}`),
      button("", close, { kind: "quiet", icon: "close", title: "Close the record" }),
    ),
    h(
      "div",
      { class: "detail-scroll", tabIndex: 0, role: "group", "aria-label": "Record's content" },
      h("dl", { class: "pairs" }, facts(record, timestamp)),
      headerTable(record),
      h(
        "div",
        { class: "detail-bar" },
        h("h3", null, "Value"),
        h("span", { class: "muted" }, value === null ? "null" : bytes(value.length)),
        choice("Show the value as", way, wayWords, choose),
        button("Copy", copyValue, {
          kind: "quiet",
          icon: "copy",
          keys: "y",
          disabled: value === null,
        }),
      ),
      h(Value, { key: `${partition}/${offset}/${way}`, value, way }),
    ),
    h(
      "div",
      { class: "detail-foot" },
      button("Produce again…", () => replay(record), { icon: "replay", keys: "r" }),
    ),
  );
}

function facts(record: RecordView, timestamp: number): readonly ComponentChild[] {
  const { key } = record;
  const words = key === null ? null : preview(key);
  return [
    h("dt", null, "Time"),
    h("dd", null, timestamp < 0 ? "none" : time(timestamp)),
    h("dt", null, "Key"),
    h(
      "dd",
      null,
      words === null
        ? badge("null")
        : key?.length === 0
          ? badge("empty")
          : h("code", null, h("bdi", null, words.words)),
      words !== null && !words.isText && [" ", badge("binary")],
    ),
  ];
}

function headerTable({ headers }: RecordView): ComponentChild | null {
  if (headers.length === 0) return null;
  return h(
    "section",
    { class: "headers" },
    h("h3", null, "Headers"),
    h(
      "dl",
      null,
      headers.map(({ name, value }, at) => [
        h("dt", { key: at }, h("bdi", null, name)),
        h("dd", null, headerValue(value)),
      ]),
    ),
  );
}

function headerValue(value: Uint8Array | null): ComponentChild {
  if (value === null) return badge("null");
  return value.length === 0
    ? badge("empty")
    : h("code", null, h("bdi", null, preview(value).words));
}

function Value(props: { readonly value: Uint8Array | null; readonly way: Way }): ComponentChild {
  const { value, way } = props;
  const [isWhole, setWhole] = useState(false);
  const isCut = value !== null && !isWhole && value.length > shownBytes;
  const shown = useMemo(() => {
    if (value === null) return null;
    const part = isCut ? value.subarray(0, shownBytes) : value;
    return way === "hex" ? hexDump(part) : way === "json" ? jsonOf(part) : anyText(part);
  }, [value, way, isCut]);
  if (value === null)
    return h(
      "p",
      { class: "muted" },
      "There is no value: a tombstone, where the topic is compacted.",
    );
  const fallback = textIn(value) === null ? "hex" : "text";
  if (value.length === 0) return h("p", { class: "muted" }, "The value is empty.");
  return h(
    "div",
    null,
    shown === null && h("p", { class: "hint" }, noJson(isCut)),
    h("pre", { class: `value ${shown === null ? fallback : way}` }, shown ?? plain(value, isCut)),
    isCut && button(`Show all ${bytes(value.length)}`, () => setWhole(true), { kind: "quiet" }),
  );
}

const noJson = (isCut: boolean): string =>
  isCut ? "Too large to be shown as JSON at once." : "This is no JSON object or list.";

/** What is no JSON: as text, or in hex if it is none either. */
function plain(value: Uint8Array, isCut: boolean): string {
  const part = isCut ? value.subarray(0, shownBytes) : value;
  return textIn(value) === null ? hexDump(part) : anyText(part);
}

function jsonOf(value: Uint8Array): readonly ComponentChild[] | null {
  const text = textIn(value);
  const tokens = text === null ? null : jsonTokens(text);
  return (
    tokens?.map(({ kind, text: words }, at) =>
      h("span", { key: at, class: `json-${kind}` }, words),
    ) ?? null
  );
}
