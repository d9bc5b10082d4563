/** Icons, drawn in the text's colour; a word beside each, or its title, says the same. */
import { h, type ComponentChild } from "preact";

const paths = {
  overview: "M3 13l4-5 3 3 5-7M3 17h14",
  topics: "M4 5h12M4 10h12M4 15h8",
  groups:
    "M7 9a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z" +
    "M2.5 16c0-2.6 2-4.3 4.5-4.3s4.5 1.7 4.5 4.3M13 8.6a2.1 2.1 0 1 0 0-4.2" +
    "M14 11.9c2 .3 3.5 1.9 3.5 4.1",
  broker: "M3.5 4h13v5h-13zM3.5 11h13v5h-13zM6.5 6.5h.01M6.5 13.5h.01",
  search: "M9 15A6 6 0 1 0 9 3a6 6 0 0 0 0 12zM13.5 13.5L17 17",
  plus: "M10 4v12M4 10h12",
  close: "M5 5l10 10M15 5L5 15",
  moon: "M16 11.5A6.5 6.5 0 0 1 8.5 4 6.5 6.5 0 1 0 16 11.5z",
  sun:
    "M10 13.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM10 2v1.5M10 16.5V18M2 10h1.5" +
    "M16.5 10H18M4.3 4.3l1.1 1.1M14.6 14.6l1.1 1.1M4.3 15.7l1.1-1.1M14.6 5.4l1.1-1.1",
  help: "M7.5 7.5a2.5 2.5 0 1 1 3.6 2.2c-.8.4-1.1.9-1.1 1.8M10 14.5h.01",
  copy: "M7 7h9v9H7zM4 13V4h9",
  replay: "M4 10a6 6 0 1 0 2-4.5M4 3.5V6.5h3",
  send: "M3.5 10L17 3.5 12.5 17l-2.8-5.2z",
  trash: "M4 6h12M8 6V4h4v2M5.5 6l.7 10h7.6l.7-10",
  back: "M12 4l-6 6 6 6",
  down: "M5 8l5 5 5-5",
  pause: "M7 5v10M13 5v10",
  play: "M6 4l10 6-10 6z",
} as const;

export type IconName = keyof typeof paths;

/** One icon, as large as the text beside it. */
export const icon = (name: IconName): ComponentChild =>
  h(
    "svg",
    { class: "icon", viewBox: "0 0 20 20", "aria-hidden": "true", focusable: "false" },
    h("path", { d: paths[name] }),
  );

/** The stone. */
export const mark = (): ComponentChild =>
  h(
    "svg",
    { class: "mark", viewBox: "0 0 20 20", "aria-hidden": "true", focusable: "false" },
    h("path", { class: "mark-light", d: "M10 1.5L7.2 4.4 6 18.5h4z" }),
    h("path", { class: "mark-dark", d: "M10 1.5l2.8 2.9L14 18.5h-4z" }),
  );
