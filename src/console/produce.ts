/** Producing a record, by hand or once more. */
import { h, type ComponentChild } from "preact";
import { useId, useState } from "preact/hooks";
import { api, Failure, type NewRecord } from "./api.ts";
import { DialogForm } from "./dialog.ts";
import { bytes, count, counted } from "./format.ts";
import { isJson } from "./json-text.ts";
import { button, Field, say, select, textOf } from "./parts.ts";
import { again, bytesOf, preview, type RecordView, toBase64 } from "./record.ts";
import { useAsked } from "./store.ts";

const kinds = [
  ["text", "Text"],
  ["json", "JSON, checked"],
  ["base64", "Base64"],
  ["null", "null"],
] as const;
type Kind = (typeof kinds)[number][0];

interface Header {
  readonly name: string;
  readonly value: string;
}

/** What is typed, as REST v3 wants it; a sentence if it is not what it should be. */
function dataOf(what: string, kind: Kind, text: string): NewRecord["value"] {
  if (kind === "null") return null;
  if (kind === "json" && !isJson(text)) throw new Failure(0, `The ${what} is no JSON.`);
  return { type: "BINARY", data: kind === "base64" ? text.replaceAll(/\s/g, "") : base64(text) };
}

const base64 = (text: string): string => toBase64(bytesOf(text));

const stored = (topic: string, partition: number, offset: number): void =>
  say(`Stored in ${topic}, partition ${partition}, at offset ${count(offset)}`);

export function Produce(props: {
  readonly topic: string;
  readonly partitions: number;
  readonly done: () => void;
}): ComponentChild {
  const { topic, partitions, done } = props;
  const [partition, setPartition] = useState("");
  const [key, setKey] = useState("");
  const [kind, setKind] = useState<Kind>("text");
  const [value, setValue] = useState("");
  const [headers, setHeaders] = useState<readonly Header[]>([]);
  const act = async (): Promise<void> => {
    const number = Number(partition);
    if (partition !== "" && !(Number.isInteger(number) && number >= 0 && number < partitions)) {
      throw new Failure(0, `Partitions go from 0 to ${partitions - 1}.`);
    }
    const report = await api.produce(topic, {
      ...(partition !== "" && { partition_id: number }),
      key: key === "" ? null : { type: "BINARY", data: base64(key) },
      value: dataOf("value", kind, value),
      headers: headers
        .filter(({ name }) => name !== "")
        .map((header) => ({ name: header.name, value: base64(header.value) })),
    });
    stored(topic, report.partition_id, report.offset);
    done();
  };
  return h(
    DialogForm,
    {
      title: `Produce to ${topic}`,
      kind: "wide",
      action: "Produce",
      actionOptions: { icon: "send", keys: "Ctrl ⏎" },
      act,
    },
    h(
      "div",
      { class: "fields" },
      textField("Key", "Left empty, there is none.", key, setKey, { isFirst: true }),
      textField("Partition", "By the key, or in turn, if left empty.", partition, setPartition, {
        isNumber: true,
      }),
      h(Field, {
        label: "Value",
        wide: true,
        control: (id) =>
          h("textarea", {
            id,
            rows: 8,
            value,
            spellcheck: false,
            disabled: kind === "null",
            onInput: (event: Event) => setValue(textOf(event)),
          }),
      }),
      h(Field, {
        label: "The value is",
        control: (id) => select(id, kind, kinds, setKind),
      }),
    ),
    h(Headers, { headers, change: setHeaders }),
  );
}

function textField(
  label: string,
  hint: string,
  value: string,
  change: (value: string) => void,
  options: { readonly isFirst?: boolean; readonly isNumber?: boolean; readonly list?: string } = {},
): ComponentChild {
  return h(Field, {
    label,
    hint,
    control: (id, hintId) =>
      h("input", {
        id,
        value,
        "aria-describedby": hintId,
        autocomplete: "off",
        spellcheck: false,
        ...(options.isFirst === true && { "data-first": true }),
        ...(options.isNumber === true && { inputMode: "numeric" as const }),
        ...(options.list !== undefined && { list: options.list }),
        onInput: (event: Event) => change(textOf(event)),
      }),
  });
}

function Headers(props: {
  readonly headers: readonly Header[];
  readonly change: (headers: readonly Header[]) => void;
}): ComponentChild {
  const { headers, change } = props;
  const edit = (at: number, part: Partial<Header>): void =>
    change(headers.map((header, index) => (index === at ? { ...header, ...part } : header)));
  return h(
    "fieldset",
    { class: "header-fields" },
    h("legend", null, "Headers"),
    headers.map((header, at) =>
      h(
        "div",
        { key: at, class: "header-field" },
        h("input", {
          "aria-label": `Name of header ${at + 1}`,
          placeholder: "name",
          value: header.name,
          onInput: (event: Event) => edit(at, { name: textOf(event) }),
        }),
        h("input", {
          "aria-label": `Value of header ${at + 1}`,
          placeholder: "value",
          value: header.value,
          onInput: (event: Event) => edit(at, { value: textOf(event) }),
        }),
        button("", () => change(headers.filter((_, index) => index !== at)), {
          kind: "quiet",
          icon: "close",
          title: `Remove header ${at + 1}`,
        }),
      ),
    ),
    button("Add header", () => change([...headers, { name: "", value: "" }]), {
      kind: "quiet",
      icon: "plus",
    }),
  );
}

/** The same bytes again, to this topic or to another one, once the reader has said so. */
export function Replay(props: {
  readonly topic: string;
  readonly record: RecordView;
  readonly done: () => void;
}): ComponentChild {
  const { topic, record, done } = props;
  const [target, setTarget] = useState(topic);
  const [partition, setPartition] = useState("");
  const [keepsTime, setKeepsTime] = useState(false);
  const names = useId();
  const like = { search: target, limit: 20 };
  const { data } = useAsked(`topics like ${target}`, () => api.topics(like), 0);
  const act = async (): Promise<void> => {
    // A slip of the pen must not make a topic of itself: records make those that are missing.
    await api.topic(target);
    const given = partition === "" ? {} : { partition_id: Number(partition) };
    const report = await api.produce(target, { ...again(record, keepsTime), ...given });
    stored(target, report.partition_id, report.offset);
    done();
  };
  const { key, value, headers } = record;
  const size = (key?.length ?? 0) + (value?.length ?? 0);
  return h(
    DialogForm,
    {
      title: "Produce this record again",
      action: `Produce to ${target === "" ? "…" : target}`,
      actionOptions: { icon: "replay", disabled: target === "" },
      act,
    },
    h(
      "p",
      null,
      `The record at offset ${count(record.offset)} of partition ${record.partition} in `,
      h("b", null, topic),
      " is stored once more: its key, its value and ",
      `${counted(headers.length, "header")}, ${bytes(size)} in all. `,
      "Consumers of the target will read it as a new record.",
    ),
    h("pre", { class: "value small" }, value === null ? "null" : preview(value).words),
    h(
      "div",
      { class: "fields" },
      textField("Target topic", "This one, or another.", target, setTarget, {
        isFirst: true,
        list: names,
      }),
      textField("Partition", "By the key, or in turn, if left empty.", partition, setPartition, {
        isNumber: true,
      }),
    ),
    h(
      "datalist",
      { id: names },
      data?.topics.map(({ name }) => h("option", { key: name, value: name })),
    ),
    h(
      "label",
      { class: "check" },
      h("input", {
        type: "checkbox",
        checked: keepsTime,
        onChange: () => setKeepsTime(!keepsTime),
      }),
      "Keep its time",
    ),
  );
}
