/** `obelisk consume`: messages of a cluster's topics, or of a data directory's, printed. */
import { ClusterFailure } from "./cluster-failure.ts";
import { defineCommand, type Context, exitCode } from "./command.ts";
import { beginningOf, consumeOptions, formatOf, refuseConsume } from "./consume-options.ts";
import { Consumption } from "./consume-run.ts";
import type { MessageSource, SourceSettings } from "./consume-source.ts";
import { tellingDial } from "./connection-watch.ts";
import { openCluster } from "./kafka-cluster.ts";
import { Interruption } from "./produce-interruption.ts";
import { reachFailure } from "./reach-failure.ts";

export const consume = defineCommand({
  name: "consume",
  summary: "print topics of a broker or a data directory, alone or in a group",
  details: [
    "Speaks Kafka's protocol, to Obelisk or any Kafka. With a --group it is a member like any " +
      "other: topics are divided among them, each goes on where the group has committed, or with " +
      "the oldest message. Without one it reads everything and remembers nothing. --no-commit " +
      "looks at what a group has not come to, without joining it.",
    "--mode poll (kcat's -e) prints what there is when it begins, and ends; continuous waits for " +
      "more, as kcat does by itself; reset is poll from the beginning, whatever is committed.",
    "At least once: committed is what standard output has taken, a second later at the latest, " +
      "before partitions go to other members, and on the way out. Killed with SIGKILL, or with " +
      "its output closed, it prints the last second again the next time. What a program behind a " +
      "pipe has not read counts as taken.",
    "--data reads files, with or without a broker; of a broker's directory, what it has " +
      "acknowledged. Directories of the original Obelisk can be consumed, too. A group there is " +
      "another than the broker's of the same name, and has one consumer at a time.",
    "Where messages can't be read, their partition stays in front of them until somebody says " +
      "--skip-damaged, which leaves them out; the others go on. Either way the exit code is 1.",
    "A time is RFC 3339 with its zone, or milliseconds since 1970. produce -J reads what -J and " +
      "--json print.",
  ],
  options: consumeOptions,
  examples: [
    { args: "-t orders", does: "all there is" },
    {
      args: "-t orders -t payments --mode continuous --group billing",
      does: "two topics, for ever, shared with whoever is in the group",
    },
    { args: "-t orders -o -10 -f '%p/%o %k: %s\\n'", does: "the newest ten of each partition" },
    {
      args: "-t orders -o s@2025-08-09T02:00:00Z -o e@2025-08-09T03:00:00Z -J",
      does: "an hour, for a program",
    },
    { args: "-t orders --data ./data", does: "the same files, also without a broker" },
  ],
  refuse: refuseConsume,
  async run(context) {
    const { options: given } = context;
    const interruption = new Interruption(context.stop);
    const { mode, timeout, exit } = given;
    const isEndless = mode === "continuous" && timeout !== 0;
    const settings: SourceSettings = {
      topics: [...new Set(given.topic)],
      isReset: mode === "reset",
      untilEnd: exit || timeout === 0 || (timeout === null && !isEndless),
      mayWait: isEndless || (timeout ?? 0) > 0,
    };
    const source = await openSource(context, settings, interruption);
    if (source === null) return interruption.isTriggered ? exitCode.ok : exitCode.failed;
    try {
      // A time of 0 is the end of what there is.
      const idleMsMax = timeout === null || timeout === 0 ? Infinity : timeout;
      const asked = { count: given.count, idleMsMax, format: formatOf(given) };
      await new Consumption(context, source, interruption, asked).run();
    } finally {
      interruption.close();
      await source.close();
    }
    return source.code;
  },
});

/** Loads one of the two; `null`: it can't be read, and why was told. */
async function openSource(
  context: Context<typeof consumeOptions>,
  settings: SourceSettings,
  interruption: Interruption,
): Promise<MessageSource | null> {
  const { options: given, fail, warn } = context;
  const { data, group, commit, skipDamaged } = given;
  if (data !== null) {
    const { openFiles } = await import("./consume-files.ts");
    const named = group ?? "default";
    const files = { ...settings, data, group: named, commit, skipDamaged };
    return await openFiles(files, context, interruption);
  }
  const watch = tellingDial({
    lost: (reason) => warn(`the connection broke (${reason}); trying again`),
    back: () => warn("connected again"),
  });
  const broker = given.broker ?? [{ host: "127.0.0.1", port: 9092 }];
  const opening = openCluster({ ...given, broker, data: "", watch }, context);
  const open = await interruption.until(opening);
  if (open === null) return null;
  if (open instanceof ClusterFailure) {
    fail(reachFailure(open, "--data reads a directory without one."));
    return null;
  }
  const beginning = beginningOf(given.offset);
  // What is no beginning was refused.
  const { start = null, untilMs = null } = typeof beginning === "string" ? {} : beginning;
  const { KafkaSource } = await import("./consume-kafka.ts");
  const kafka = {
    ...settings,
    ...{ group, commit, untilMs, partitions: [...new Set(given.partition)] },
    start: start === "stored" ? null : start,
    sessionTimeoutMs: given.sessionTimeoutMs,
    skipDamaged,
    isVerbose: given.verbose,
  };
  return new KafkaSource(open, kafka, context, interruption);
}
