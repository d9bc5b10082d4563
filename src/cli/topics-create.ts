/** `obelisk topics create`: a new topic. */
import { partitionsPerTopicMax } from "../limits.ts";
import { defineCommand, exitCode } from "./command.ts";
import { ControlFailure, withTopics } from "./control-client.ts";
import { defineOption, repeated } from "./option.ts";
import { integer, toggle } from "./option-kinds.ts";
import { topicsDetail, topicsOptions, totalsOf, totalsText } from "./topics-options.ts";

type Setting = readonly [name: string, value: string];

export const createTopic = defineCommand({
  name: "create",
  summary: "a new topic",
  details: [
    topicsDetail,
    "Topics are also created by their first record, with the broker's options. This command is " +
      "for other partitions or another configuration. It makes the directory if it is missing.",
  ],
  operands: [{ name: "topic", help: "Its name: letters, digits and . _ -", count: "one" }],
  options: {
    ...topicsOptions,
    partitions: integer({
      default: null,
      min: 1,
      max: partitionsPerTopicMax,
      help: "How many; left out: as many as the running broker's option says, else 1",
    }),
    topicConfig: repeated<Setting>(
      defineOption<Setting, Setting>(
        {
          placeholder: "<name>=<value>",
          expected: "a name and a value, as segment.bytes=67108864",
          range: null,
          parse: parseSetting,
          show: ([name, value]) => `${name}=${value}`,
        },
        { short: "c", help: "Set a configuration of the topic, as Kafka names it" },
      ),
    ),
    ifNotExists: toggle({ help: "A topic of that name is no failure; it stays as it is" }),
  },
  examples: [
    { args: "orders --partitions 4", does: "four consumers can share it" },
    { args: "logs -c segment.bytes=67108864 -c fsync=never", does: "smaller files, no fsync" },
    { args: "orders --if-not-exists", does: "in a script that may run twice" },
  ],
  refuse({ topicConfig }) {
    const names = topicConfig.map(([name]) => name);
    const twice = names.find((name, at) => names.indexOf(name) !== at);
    return twice === undefined ? null : `--topic-config sets ${twice} more than once.`;
  },
  async run({ options, operands, stdout, ...context }) {
    const name = operands[0] ?? "";
    const { data, partitions, topicConfig, ifNotExists, json } = options;
    const wanted = {
      name,
      ...(partitions === null ? {} : { partitionCount: partitions }),
      config: Object.fromEntries(topicConfig),
    };
    let isNew = true;
    const topic = await withTopics({ data, mayMake: true }, context, async (topics) => {
      const made = await topics.create(wanted);
      const isThere = made instanceof ControlFailure && made.code === "TOPIC_ALREADY_EXISTS";
      if (!isThere || !ifNotExists) return made;
      isNew = false;
      return await topics.describe(name);
    });
    if (topic instanceof ControlFailure) return context.fail(topic.message);
    if (json) stdout.write(`${JSON.stringify(topic)}\n`);
    else if (isNew) stdout.write(`created ${name}: ${totalsText(totalsOf(topic))}\n`);
    else stdout.write(`${name} is there already: ${totalsText(totalsOf(topic))}\n`);
    return exitCode.ok;
  },
});

function parseSetting(given: string): Setting | undefined {
  const equals = given.indexOf("=");
  return equals < 1 ? undefined : [given.slice(0, equals), given.slice(equals + 1)];
}
