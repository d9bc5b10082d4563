/** All shortcuts, on `?`. */
import { h, type ComponentChild } from "preact";
import { Dialog } from "./dialog.ts";

const shortcuts: readonly (readonly [
  title: string,
  rows: readonly (readonly [string, string])[],
])[] = [
  [
    "Everywhere",
    [
      ["/  or  Ctrl K", "go to a topic, a group, a page"],
      ["g o", "overview"],
      ["g t", "topics"],
      ["g g", "groups"],
      ["g b", "broker"],
      ["d", "dark or light"],
      ["?", "this help"],
      ["j", "into the list"],
      ["Esc", "close what is open"],
    ],
  ],
  [
    "In lists",
    [
      ["↓ ↑  or  j k", "one row on, one back"],
      ["PgDn PgUp", "a page on, a page back"],
      ["Home End", "the first, the last"],
      ["Enter", "open"],
      ["f", "find in the list"],
      ["Tab  Enter", "order by a column"],
    ],
  ],
  [
    "Topics",
    [
      ["c", "new topic"],
      ["1 2 3", "records, partitions, settings"],
      ["p", "produce a record"],
      ["l", "live, or not"],
      ["n", "newest records"],
      ["v", "JSON, text, hex"],
      ["y", "copy the value"],
      ["r", "produce the record again"],
    ],
  ],
  ["Groups", [["r", "reset offsets"]]],
];

export const Help = (): ComponentChild =>
  h(
    Dialog,
    { title: "Shortcuts", kind: "wide" },
    h(
      "div",
      { class: "dialog-content help" },
      shortcuts.map(([title, rows]) =>
        h(
          "section",
          { key: title },
          h("h3", null, title),
          h(
            "dl",
            null,
            rows.map(([keys, words]) => [
              h("dt", { key: keys }, h("kbd", null, keys)),
              h("dd", null, words),
            ]),
          ),
        ),
      ),
    ),
  );
