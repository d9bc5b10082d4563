/** `obelisk consume`: the embedded consumer on a data directory, its messages printed. */
import { Consumer } from "../client/consumer.ts";
import { ConsumerError } from "../client/consumer-error.ts";
import { consumeCountMax, consumeTimeoutMsMax } from "../limits.ts";
import { defineCommand } from "./command.ts";
import { Consumption } from "./consume-run.ts";
import { choice, duration, integer, text, toggle } from "./option-kinds.ts";
import { repeated, type Values } from "./option.ts";
import { directoryFault, readDataOption } from "./read-directory.ts";
import { formatOptions, refuseFormats, type FormatChoice } from "./read-print.ts";

const options = {
  data: readDataOption,
  topic: repeated(
    text({ short: "t", placeholder: "<name>", help: "Consume this topic; one at least is needed" }),
  ),
  mode: choice(["poll", "continuous", "reset"], {
    default: "poll",
    help: "What there is and then end; until SIGINT; or back to the beginning, and then as poll",
  }),
  group: text({
    default: "default",
    placeholder: "<name>",
    help: "In whose name to remember how far one has come",
  }),
  count: integer({
    short: "c",
    default: null,
    min: 1,
    max: consumeCountMax,
    help: "End after so many messages",
  }),
  commit: toggle({
    default: true,
    help: "Remember what was printed; without, nothing is written and the group need not be free",
  }),
  timeout: duration({
    default: null,
    min: 0,
    max: consumeTimeoutMsMax,
    help: "End when no message has come for so long; poll and reset end at once",
  }),
  skipDamaged: toggle({ help: "Give messages up that can't be read, and go on behind them" }),
  json: toggle({ help: "The same as --format json" }),
  ...formatOptions,
};

export const consume = defineCommand({
  name: "consume",
  summary: "consume topics of a data directory, and remember how far",
  details: [
    "Reads the files, with or without a broker; of a broker's directory, what it has " +
      "acknowledged. Directories of the original Obelisk can be consumed, too. A group has one " +
      "consumer at a time; it goes on where the group has committed, or with the oldest message.",
    "At least once: committed is what standard output has taken, a second later at the latest " +
      "and on the way out. Killed with SIGKILL, or with its output closed, it prints the last " +
      "second again the next time. What a program behind a pipe has not read counts as taken.",
    "Where messages can't be read, their partition stays in front of them until somebody says " +
      "--skip-damaged; the others go on. The exit code is 1 then.",
  ],
  options,
  examples: [
    { args: "-t orders", does: "what has come since the last time" },
    {
      args: "-t orders -t payments --mode continuous --group billing",
      does: "two topics, for ever",
    },
    {
      args: "-t orders --mode reset --no-commit --json",
      does: "all of it once more, for a program",
    },
  ],
  refuse(given) {
    if (given.topic.length === 0) return "--topic is needed: say what to consume.";
    if (given.json && given.format === "hex") return "--json contradicts --format hex.";
    return refuseFormats(formatOf(given));
  },
  async run(context) {
    const { options: given, fail } = context;
    const fault = await directoryFault(given.data);
    if (fault !== null) return fail(fault);
    const topics = [...new Set(given.topic)];
    const { data, group, count, commit, skipDamaged } = given;
    try {
      const consumer = await Consumer.open({ data, topics, group, isReadOnly: !commit });
      try {
        const run = new Consumption(context, consumer, {
          ...{ data, topics, count, commit, skipDamaged },
          isReset: given.mode === "reset",
          timeoutMs: given.timeout ?? (given.mode === "continuous" ? Infinity : 0),
          format: formatOf(given),
        });
        return await run.run();
      } finally {
        await consumer.close();
      }
    } catch (error) {
      if (error instanceof ConsumerError) return fail(error.message);
      throw error;
    }
  },
});

const formatOf = (given: Values<typeof options>): FormatChoice =>
  given.json ? { ...given, format: "json" } : given;
