/**
 * Records on standard output, in the format that was asked for. Written in pieces of some size,
 * and never faster than whoever reads them takes them.
 */
import { printable } from "../base/printable.ts";
import { attribute, attributesAt, viewOf } from "../record/batch.ts";
import type { BatchRecord } from "../record/records.ts";
import { hexLines } from "../reader/hex.ts";
import type { BatchPlace } from "../reader/item.ts";
import { jsonLine, textLine } from "../reader/lines.ts";
import { timeOf } from "../reader/text.ts";
import { choice, toggle } from "./option-kinds.ts";
import type { Output } from "./output.ts";
import {
  envelopeLine,
  type RecordPlace,
  templateBytes,
  templateOption,
  type Template,
} from "./read-template.ts";
import type { Style } from "./terminal.ts";

const formats = ["text", "json", "hex"] as const;

/** The options that choose a format, for the table of a command that prints records. */
export const formatOptions = {
  format: choice(formats, {
    default: "text",
    help:
      "Columns between tabs (topic/partition, offset, time, key, value, headers), one JSON " +
      "object a line, or bytes in hexadecimal",
  }),
  template: templateOption,
  nulls: toggle({ short: "Z", help: "With -f, print NULL for a key or a value that is not there" }),
  envelope: toggle({ short: "J", help: "Print each record in kcat's JSON envelope" }),
};

/** The values of {@link formatOptions}. */
export interface FormatChoice {
  readonly format: (typeof formats)[number];
  readonly template: Template | null;
  readonly nulls: boolean;
  readonly envelope: boolean;
}

/** Which of them contradict each other, as a sentence. */
export function refuseFormats(given: FormatChoice): string | null {
  const { format, template, nulls, envelope } = given;
  const chosen = [format !== "text", template !== null, envelope].filter((each) => each);
  if (chosen.length > 1) return "--format, -f and -J each choose a format: only one can be.";
  return nulls && template === null
    ? "-Z has no effect without -f: the other formats tell what is not there."
    : null;
}

/** What is written at a time. */
const pieceBytes = 64 * 1024;

/** See the head of this file. */
export class RecordPrinter {
  #pieces: (string | Uint8Array)[] = [];
  #length = 0;

  constructor(
    private readonly stdout: Output,
    private readonly chosen: FormatChoice,
  ) {}

  /**
   * Prints records of one batch; of `null` the messages of no batch.
   * @param isAppendTime whether their timestamps are the broker's; left out: as their batch says
   */
  async print(
    place: RecordPlace,
    batch: BatchPlace | null,
    records: readonly BatchRecord[],
    isAppendTime = isAppendTimeOf(batch),
  ): Promise<void> {
    const pieces =
      this.chosen.format === "hex" && batch !== null
        ? hexLines(batch).map((line) => `${line}\n`)
        : records.values().map((record) => this.#one(place, isAppendTime, record));
    for (const piece of pieces) {
      this.#pieces.push(piece);
      this.#length += piece.length;
      if (this.#length >= pieceBytes) await this.#write();
    }
    await this.#write();
  }

  #one(place: RecordPlace, isAppendTime: boolean, record: BatchRecord): string | Uint8Array {
    const { format, template, nulls, envelope } = this.chosen;
    if (template !== null) return templateBytes(template, place, record, nulls);
    if (envelope) {
      return `${envelopeLine(place, record, { isAppendTime })}\n`;
    }
    if (format === "json") return `${jsonLine(place, record)}\n`;
    if (format === "hex") return `${hexLine(place, record)}\n`;
    return `${coloured(textLine(place, record), this.stdout.style)}\n`;
  }

  async #write(): Promise<void> {
    const pieces = this.#pieces;
    const isText = pieces.every((piece) => typeof piece === "string");
    this.#pieces = [];
    this.#length = 0;
    this.stdout.write(
      isText ? pieces.join("") : Buffer.concat(pieces.map((one) => Buffer.from(one))),
    );
    await this.stdout.ready();
  }
}

const isAppendTimeOf = (batch: BatchPlace | null): boolean =>
  batch !== null && (attributesAt(viewOf(batch.bytes), 0) & attribute.logAppendTime) !== 0;

/** A message of no batch: where it is, and its bytes. */
function hexLine({ topic, partition }: RecordPlace, record: BatchRecord): string {
  const where = `${printable(topic, Infinity)}/${partition}`;
  const bytes = [record.key, record.value].map((each) => each?.toHex() ?? "-");
  return [where, record.offset, timeOf(record), ...bytes].join("\t");
}

/** Place, offset and time step back behind key and value. */
function coloured(line: string, style: Style): string {
  const [place = "", offset = "", time = "", key = "", ...rest] = line.split("\t");
  return [style.dim(place), style.cyan(offset), style.dim(time), style.bold(key), ...rest].join(
    "\t",
  );
}
