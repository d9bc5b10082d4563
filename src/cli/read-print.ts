/**
 * Records on standard output, in the format that was asked for. Written in pieces of some size,
 * and never faster than whoever reads them takes them.
 */
import { printable } from "../base/printable.ts";
import { attribute, attributesAt, viewOf } from "../record/batch.ts";
import type { BatchRecord } from "../record/records.ts";
import type { FoundPartition } from "../reader/directory.ts";
import { hexLines } from "../reader/hex.ts";
import type { BatchPlace } from "../reader/item.ts";
import { jsonLine, textLine } from "../reader/lines.ts";
import { timeOf } from "../reader/text.ts";
import { choice, toggle } from "./option-kinds.ts";
import type { Output } from "./output.ts";
import { envelopeLine, templateBytes, templateOption, type Template } from "./read-template.ts";
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
  envelope: toggle({ short: "J", help: "Print each record in kcat's JSON envelope" }),
};

/** The values of {@link formatOptions}. */
export interface FormatChoice {
  readonly format: (typeof formats)[number];
  readonly template: Template | null;
  readonly envelope: boolean;
}

/** Which of them contradict each other, as a sentence. */
export function refuseFormats({ format, template, envelope }: FormatChoice): string | null {
  const chosen = [format !== "text", template !== null, envelope].filter((each) => each);
  return chosen.length > 1 ? "--format, -f and -J each choose a format: only one can be." : null;
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

  /** Prints records of one batch; of `null` the messages of no batch. */
  async print(
    found: FoundPartition,
    batch: BatchPlace | null,
    records: readonly BatchRecord[],
  ): Promise<void> {
    const pieces =
      this.chosen.format === "hex" && batch !== null
        ? hexLines(batch).map((line) => `${line}\n`)
        : records.values().map((record) => this.#one(found, batch, record));
    for (const piece of pieces) {
      this.#pieces.push(piece);
      this.#length += piece.length;
      if (this.#length >= pieceBytes) await this.#write();
    }
    await this.#write();
  }

  #one(found: FoundPartition, batch: BatchPlace | null, record: BatchRecord): string | Uint8Array {
    const { format, template, envelope } = this.chosen;
    if (template !== null) return templateBytes(template, found, record);
    if (envelope) {
      return `${envelopeLine(found, record, { isAppendTime: isAppendTime(batch) })}\n`;
    }
    if (format === "json") return `${jsonLine(found, record)}\n`;
    if (format === "hex") return `${hexLine(found, record)}\n`;
    return `${coloured(textLine(found, record), this.stdout.style)}\n`;
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

const isAppendTime = (batch: BatchPlace | null): boolean =>
  batch !== null && (attributesAt(viewOf(batch.bytes), 0) & attribute.logAppendTime) !== 0;

/** A message of no batch: where it is, and its bytes. */
function hexLine({ topic, partition }: FoundPartition, record: BatchRecord): string {
  const place = `${printable(topic, Infinity)}/${partition}`;
  const bytes = [record.key, record.value].map((each) => each?.toHex() ?? "-");
  return [place, record.offset, timeOf(record), ...bytes].join("\t");
}

/** Place, offset and time step back behind key and value. */
function coloured(line: string, style: Style): string {
  const [place = "", offset = "", time = "", key = "", ...rest] = line.split("\t");
  return [style.dim(place), style.cyan(offset), style.dim(time), style.bold(key), ...rest].join(
    "\t",
  );
}
