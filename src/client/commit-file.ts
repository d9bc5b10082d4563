/**
 * The file that keeps what a group has committed, `<data>/consumers/<group>/commits.json`: one
 * line of JSON that people can read, replaced as a whole with every commit.
 *
 *     {"version":1,"group":"billing","commits":[{"topic":"orders","partition":0,"offset":42,
 *      "marks":[[41,2774861263]]}],"check":"5f0c3a1e"}
 *
 * `check` is the CRC-32C, in hex, of the text up to its own comma. A file that is not exactly what
 * would be written for its content is damaged, and is refused: offset 0 is never guessed.
 */
import { offset } from "../base/brands.ts";
import { crc32c } from "../base/crc32c.ts";
import { commitMarksMax } from "../limits.ts";
import type { Committed, Mark } from "./marks.ts";

/** What a group has committed. */
export class Commits {
  readonly #partitions = new Map<string, { topic: string; partition: number; at: Committed }>();

  get(topic: string, partition: number): Committed | null {
    return this.#partitions.get(`${topic}/${partition}`)?.at ?? null;
  }

  set(topic: string, partition: number, at: Committed): void {
    this.#partitions.set(`${topic}/${partition}`, { topic, partition, at });
  }

  /** The same, to be changed by itself. */
  copy(): Commits {
    const copy = new Commits();
    for (const { topic, partition, at } of this.#partitions.values())
      copy.set(topic, partition, at);
    return copy;
  }

  /** By topic and partition. */
  all(): readonly { topic: string; partition: number; at: Committed }[] {
    return [...this.#partitions.values()].sort((a, b) =>
      a.topic < b.topic ? -1 : a.topic > b.topic ? 1 : a.partition - b.partition,
    );
  }
}

const version = 1;

/** The text of a file. */
export function encodeCommits(group: string, commits: Commits): string {
  const entries = commits.all().map(({ topic, partition, at }) => ({
    topic,
    partition,
    offset: at.offset,
    marks: at.marks.map((mark) => [mark.offset, mark.check]),
  }));
  const body = JSON.stringify({ version, group, commits: entries }).slice(0, -1);
  const bytes = new TextEncoder().encode(body);
  const check = crc32c(bytes, 0, bytes.length).toString(16).padStart(8, "0");
  return `${body},"check":"${check}"}\n`;
}

/** Reads a file; a phrase that says what is wrong with it if it can't be believed. */
export function decodeCommits(bytes: Uint8Array, group: string): Commits | string {
  const text = new TextDecoder().decode(bytes);
  const value = parse(text);
  const commits = commitsOf(value);
  if (commits === null || encodeCommits(String(field(value, "group")), commits) !== text) {
    return "its checksum does not fit its content";
  }
  if (field(value, "group") !== group)
    return `it belongs to group ${String(field(value, "group"))}`;
  return commits;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

const field = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;

const isCount = (value: unknown): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0;

/** The commits in what was parsed; `null`: it is something else. */
function commitsOf(value: unknown): Commits | null {
  const entries = field(value, "commits");
  if (field(value, "version") !== version || !Array.isArray(entries)) return null;
  const commits = new Commits();
  for (const entry of entries) {
    const [topic, partition] = [field(entry, "topic"), field(entry, "partition")];
    const [at, marks] = [field(entry, "offset"), marksOf(field(entry, "marks"))];
    if (typeof topic !== "string" || !isCount(partition) || !isCount(at)) return null;
    if (marks === null) return null;
    commits.set(topic, partition, { offset: offset(at), marks });
  }
  return commits;
}

function marksOf(value: unknown): Mark[] | null {
  if (!Array.isArray(value) || value.length > commitMarksMax) return null;
  const marks: Mark[] = [];
  for (const pair of value) {
    const [at, check]: unknown[] = Array.isArray(pair) ? pair : [];
    if (!isCount(at) || !isCount(check)) return null;
    marks.push({ offset: offset(at), check });
  }
  return marks;
}
