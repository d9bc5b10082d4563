/**
 * Bugs to be planted: each one breaks a promise in a way that some broker did. The simulator has to
 * find each within its number of seeds; `scripts/run.ts simulate --planted` plants them in a copy.
 */

/** One text that takes the place of another, which must be there exactly once. */
export interface Replacement {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** See the head of this file. */
export interface PlantedBug {
  readonly name: string;
  readonly replacements: readonly Replacement[];
  /** The simulator finds it within so many seeds, from `fromSeed` on. */
  readonly seedsMax: number;
  /** 1, but for what is so rare that finding it anew would take long. */
  readonly fromSeed: number;
}

const bug = (
  name: string,
  seedsMax: number,
  file: string,
  ...texts: readonly string[]
): PlantedBug => {
  const replacements: Replacement[] = [];
  for (let at = 0; at + 1 < texts.length; at += 2) {
    replacements.push({ file, from: texts[at]!, to: texts[at + 1]! });
  }
  return { name, replacements, seedsMax, fromSeed: 1 };
};

/** See the head of this file. */
export const plantedBugs: readonly PlantedBug[] = [
  bug(
    "acknowledged without fsync",
    20,
    "src/log/commit.ts",
    'return this.#durability.fsync === "always" ? "append-durable" : "append";',
    'return "append";',
  ),
  bug(
    "a failed fsync is tried again and believed",
    200,
    "src/log/commit.ts",
    "await file.append(chunks);",
    "await file.append(chunks).catch(() => file.sync());",
  ),
  {
    ...bug(
      "recovery believes what a failed fsync has left in the page cache",
      100,
      "src/log/recovery.ts",
      "await writeAgain(file, floorPosition, segment.endPosition);",
      "",
    ),
    fromSeed: 450,
  },
  bug(
    "recovery serves what it has found without making it durable",
    100,
    "src/log/recovery.ts",
    'if (decision.action !== "continue") {',
    'if (decision.action === "cut") {',
  ),
  bug(
    "the index is trusted without its check",
    200,
    "src/log/index-file.ts",
    "if (view.getUint32(44) !== crc32c(bytes, 0, 44)) return null;",
    "",
    "view.getUint32(at + 8) === checkOf(base, view, at, 8);",
    "checkOf(base, view, at, 8) >= 0;",
  ),
  bug(
    "the tail is not scanned: the file's end is taken for the log's",
    200,
    "src/log/recovery.ts",
    "isDurable: header?.durable ?? bytes === 0,\n    goodEnd: segment.endPosition,",
    "isDurable: header?.durable ?? bytes === 0,\n" +
      "    goodEnd: (segment.endPosition = Math.max(segment.endPosition, bytes)),",
  ),
  bug(
    "a torn tail is kept",
    100,
    "src/log/recovery.ts",
    'if (action === "cut") await file.truncate(segment.endPosition);',
    "",
  ),
  bug(
    "acknowledged before it is written",
    20,
    "src/log/commit.ts",
    "      try {\n        await this.#write(group);",
    "      for (const write of group) write.settle(null);\n" +
      "      try {\n        await this.#write(group);",
  ),
  bug(
    "visible before it is durable",
    50,
    "src/log/commit.ts",
    "      try {\n        await this.#write(group);",
    "      this.owner.committed(group.at(-1)!);\n" +
      "      try {\n        await this.#write(group);",
    "      this.owner.committed(last);\n",
    "",
  ),
  bug(
    "the last batches before a roll go to the wrong file",
    20,
    "src/log/commit.ts",
    "if (write.segment !== segment || (count > 0 && isTooMuch)) break;",
    "if (count > 0 && isTooMuch) break;",
  ),
  bug(
    "a new file without a sync of its directory",
    50,
    "src/log/commit.ts",
    "await disk.syncDirectory(segment.directory);",
    "await Promise.resolve(disk);",
  ),
  bug(
    "a rename without a sync of the directory",
    200,
    "test/fake/disk.ts",
    "      await this.syncDirectory(directory);",
    "      void directory;",
  ),
  bug(
    "a sequence does not wrap",
    20,
    "src/record/sequence.ts",
    "sequence + count > sequenceMax ? sequence + count - sequenceMax - 1 : sequence + count;",
    "sequence + count;",
  ),
  bug(
    "one batch of a producer is remembered instead of five",
    50,
    "src/broker/producer-sequence.ts",
    "...before.slice(1 - producerBatchesRetained), appended",
    "...before.slice(0, 0 * producerBatchesRetained), appended",
  ),
  bug(
    "producers are forgotten at a restart",
    50,
    "src/broker/producer-keeper.ts",
    "this.producers.restore(recovered.entries);",
    "",
  ),
  bug(
    "a commit is answered before it is stored",
    50,
    "src/broker/group-writer.ts",
    "    this.#arm();\n    return promise;",
    '    this.#arm();\n    apply();\n    return Promise.resolve("NONE");',
  ),
  bug(
    "a commit of an old generation is taken",
    200,
    "src/broker/offset-rules.ts",
    '  if (typeof member === "string") return member;\n' +
      '  if (generationId !== group.generationId) return "ILLEGAL_GENERATION";\n',
    '  if (typeof member === "string") return "NONE";\n',
  ),
  {
    name: "a topic is made of the files of one that was deleted",
    seedsMax: 50,
    fromSeed: 1,
    replacements: [
      {
        file: "src/broker/topic-life.ts",
        from: "await this.disk.rename(topicDirectory(name), deleted);",
        to: "await Promise.resolve();",
      },
      {
        file: "src/broker/topic-life.ts",
        from: "(await this.#inTheWay(row.name)) ?? (await this.metadata",
        to: "(false ? await this.#inTheWay(row.name) : null) ?? (await this.metadata",
      },
      {
        file: "src/broker/topics.ts",
        from: "(topic.partitions, logsOpeningMax, (partition) => partition.delete());",
        to: "([], logsOpeningMax, () => Promise.resolve());",
      },
    ],
  },
  bug(
    "the memory of a forgotten slab is used again",
    100,
    "src/log/cache.ts",
    "Memory.allocate(size)",
    "spare?.bytes.length === size ? spare : Memory.allocate(size)",
    "  slab.memory?.letGo();\n",
    "  spare = slab.memory;\n",
    "/** One slab. `memory`",
    "let spare: Memory | null = null;\n/** One slab. `memory`",
  ),
  bug(
    "the memory of a write under way is freed when its slab is forgotten",
    100,
    "src/log/commit.ts",
    "    write.piece.memory.hold();\n",
    "",
    "  write.piece.memory.letGo();\n",
    "",
  ),
  bug(
    "a write lets go of its memory as soon as the disk has been told",
    100,
    "src/log/commit.ts",
    "await file.append(chunks);",
    "const appending = file.append(chunks);\n" +
      "for (const { piece } of group) piece.memory.letGo();\nawait appending;",
    "  write.piece.memory.letGo();\n",
    "",
  ),
  bug(
    "a response lets go of a Produce that is not answered yet",
    100,
    "src/kafka/session.ts",
    "    this.#await(pending, route.handle(request, context));\n",
    "    this.#await(pending, route.handle(request, context));\n" +
      "    for (const one of memories.splice(0)) one.letGo();\n",
  ),
  bug(
    "a large batch is kept where it came, and nobody holds that",
    100,
    "src/log/cache.ts",
    "    memory.hold();\n    const slab",
    "    const slab",
  ),
  bug(
    "a frame refers to chunks that nobody holds",
    100,
    "src/net/frames.ts",
    "      chunk.hold();\n      this.#referred.push(chunk);\n",
    "",
  ),
  bug(
    "a request that waits is a view of a chunk that is let go of",
    100,
    "src/kafka/session.ts",
    "new Memory(new Uint8Array(memory.bytes.subarray(start, end)))",
    "new Memory(memory.bytes.subarray(start, end))",
  ),
  bug(
    "what a response refers to is let go of before it is sent",
    100,
    "src/kafka/session.ts",
    "this.#answeredBytes - this.#outboxBytes - this.link.unsentBytes",
    "this.#answeredBytes",
  ),
  bug(
    "a partition that can't be opened says that it is empty",
    100,
    "src/broker/partition.ts",
    "return read instanceof Refusal ? read : null;",
    "return read === null ? read : null;",
  ),
  bug(
    "a response that the socket has taken in part is sent again",
    100,
    "src/net/byte-chain.ts",
    "this.#drop(count);",
    "this.#drop(count < offered ? 0 : count);",
  ),
  bug(
    "a batch that comes again is stored again",
    20,
    "src/broker/partition.ts",
    'return verdict === "next" ? null : this.#again(verdict);',
    'return verdict === "next" ? null : null;',
  ),
  bug(
    "any sequence is taken",
    300,
    "src/broker/producer-sequence.ts",
    'return baseSequence === expected ? "next" : outOfOrder(batch, expected);',
    'return baseSequence === expected ? "next" : "next";',
  ),
  bug(
    "producers keep what was rolled back",
    100,
    "src/broker/partition.ts",
    "this.#kept?.producers.rollBack();",
    "",
  ),
  bug(
    "all producers have one id",
    20,
    "src/broker/producer-ids.ts",
    "return { producerId: this.#next++, producerEpoch: 0 };",
    "return { producerId: this.#next, producerEpoch: 0 };",
  ),
  bug(
    "the start of a log is forgotten at a restart",
    50,
    "src/log/open.ts",
    "const start = hasStart ? await readStart(environment, directory) : null;",
    "const start = (hasStart ? null : null) as Offset | null;",
  ),
  bug(
    "what is visible is not the limit of a read",
    200,
    "src/log/segment-log.ts",
    "if (segment !== this.#visibleSegment) return segment.end;",
    "if (segment.end !== null) return segment.end;",
  ),
  {
    name: "the cache keeps what was rolled back",
    seedsMax: 200,
    fromSeed: 1,
    replacements: [
      { file: "src/log/segment.ts", from: "this.cached.truncate(mark.position);", to: "" },
      {
        file: "src/log/cache.ts",
        from: "if (last && last.position + last.length !== position) this.clear();",
        to: "",
      },
    ],
  },
  bug(
    "part of a write that has failed stays in the file",
    200,
    "src/log/commit.ts",
    'else if (error.operation !== "open") await this.#cut(segment, position);',
    "",
  ),
  bug(
    "a write that has failed does not seal the log",
    100,
    "src/log/commit.ts",
    "if (!isPassing) this.seal(`writing ${segment.logPath} failed: ${error.message}`);",
    "",
    'else if (error.operation !== "open") await this.#cut(segment, position);',
    'if (isPassing && error.operation !== "open") await this.#cut(segment, position);',
  ),
  bug(
    "commits are not stored",
    20,
    "src/broker/group-writer.ts",
    "const refused = await this.store.apply(lastOnly(group.map(({ change }) => change)));",
    "const refused = await Promise.resolve<Refusal | null>(null);",
  ),
  bug(
    "a rebalance begins no generation",
    50,
    "src/broker/group-core.ts",
    "this.generationId = this.generationId === generationIdMax ? 0 : this.generationId + 1;",
    "this.generationId = Math.max(1, this.generationId);",
  ),
  bug(
    "a topic's configuration is not stored",
    100,
    "src/broker/topics.ts",
    "const refused = await this.parts.metadata.topics.setConfig(topic.id, changed.raw);",
    "const refused = await Promise.resolve<Refusal | null>(null);",
  ),
  bug(
    "new partitions of a topic are not stored",
    100,
    "src/broker/topic-life.ts",
    "this.metadata.topics.setPartitionCount(row.id, count),",
    "Promise.resolve(null),",
  ),
  bug(
    "the bytes of a request are counted for ever",
    20,
    "src/net/connection.ts",
    "    this.#reservedBytes -= bytes;\n    this.network.budget.release(bytes);",
    "    this.#reservedBytes -= bytes;",
  ),
  bug(
    "responses leave in the order in which they are ready",
    20,
    "src/kafka/session.ts",
    "if (response === undefined) break;",
    "if (response === undefined) continue;",
  ),
  bug(
    "a damaged batch is served: its checksum is not looked at",
    200,
    "src/log/scan.ts",
    "if (fault !== null) return fault;",
    'if (fault !== null && fault !== "crc") return fault;',
  ),
  bug(
    "damage hides all that is behind it",
    200,
    "src/log/segment-read.ts",
    'if (item.kind === "damage") return item;',
    'if (item.kind === "damage") return all;',
  ),
  bug(
    "a start that a full disk has not taken is believed",
    300,
    "src/log/segment-log.ts",
    "if (!isFull || oldest === null || next > before) throw error;",
    "if (isFull && this.#start < next && next <= before) this.#setOffsets(next, this.#visible);\n" +
      "      if (!isFull || oldest === null || next > before) throw error;",
  ),
  bug(
    "a time is looked for in the newest segment only",
    100,
    "src/log/time-search.ts",
    "log.segments.find(({ endOffset }) => endOffset > next);",
    "log.segments.slice(-1).find(({ endOffset }) => endOffset > next);",
  ),
  {
    ...bug(
      "a rename that a killed process has begun is believed to be on the device",
      100,
      "src/broker/topic-life.ts",
      "await this.disk.syncDirectory(topicsDirectory);",
      "await Promise.resolve();",
    ),
    fromSeed: 1300,
  },
  {
    ...bug(
      "an offset that is damaged hides all that is behind it",
      100,
      "src/log/scan.ts",
      "endOffset === undefined || at >= tornFrom ? widest",
      "endOffset === undefined || at >= 0 ? widest",
    ),
    fromSeed: 401_930,
  },
  {
    ...bug(
      "an offset that is damaged hides the segment that follows",
      20,
      "src/log/recovery.ts",
      "toldBy(header, nextBase)",
      "toldBy(header, null)",
    ),
    fromSeed: 2_201_950,
  },
];
