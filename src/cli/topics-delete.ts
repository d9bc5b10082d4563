/** `obelisk topics delete`: removes topics and their records. */
import { quoted } from "../base/printable.ts";
import type { TopicSummary } from "../http/control.ts";
import { shownCharactersMax } from "../limits.ts";
import { defineCommand, exitCode } from "./command.ts";
import type { Input } from "./command.ts";
import { ControlFailure, type TopicsClient, withTopics } from "./control-client.ts";
import { toggle } from "./option-kinds.ts";
import type { Output } from "./output.ts";
import { summariesOf } from "./topics-describe.ts";
import { topicsDetail, topicsOptions, totalsOf, totalsText } from "./topics-options.ts";

export const deleteTopics = defineCommand({
  name: "delete",
  summary: "remove topics and their records",
  details: [
    topicsDetail,
    "Nothing brings the records back. On a terminal the name of each topic has to be typed once " +
      "more. If one of the topics is not there, none is removed.",
  ],
  operands: [
    { name: "topic", help: "A topic", count: "one" },
    { name: "more", help: "More topics", count: "many" },
  ],
  options: {
    ...topicsOptions,
    yes: toggle({ help: "Don't ask; needed where there is no terminal to ask on" }),
  },
  examples: [
    { args: "orders", does: "asks for the name first" },
    { args: "orders logs --yes", does: "in a script" },
  ],
  async run({ options, operands, stdin, stdout, stderr, ...context }) {
    if (!options.yes && !stdin.isTerminal) {
      context.fail("there is no terminal to ask on: say --yes if it is meant.");
      return exitCode.misuse;
    }
    const target = { data: options.data, mayMake: false };
    const world = { ...context, stderr };
    const names = [...new Set(operands)];
    // The directory is let go of while people think.
    const found = await withTopics(target, world, (topics) => summariesOf(topics, names));
    if (found instanceof ControlFailure) return context.fail(found.message);
    if (!options.yes) {
      const mistyped = await confirm(found, stdin, stderr);
      if (mistyped !== null) return context.fail(`nothing was deleted: ${mistyped}`);
    }
    const deleted: string[] = [];
    const refused = await withTopics(target, world, (topics) => remove(topics, names, deleted));
    if (options.json) stdout.write(`${JSON.stringify({ deleted })}\n`);
    else stdout.write(deleted.map((name) => `deleted ${name}\n`).join(""));
    return refused === null ? exitCode.ok : context.fail(refused.message);
  },
});

/** Asks for every name; what was wrong with an answer, or `null`. */
async function confirm(
  topics: readonly TopicSummary[],
  stdin: Input,
  stderr: Output,
): Promise<string | null> {
  const answers = linesOf(stdin);
  for (const topic of topics) {
    const totals = totalsText(totalsOf(topic));
    stderr.write(`${topic.name} has ${totals}. Type its name to delete it for good: `);
    const { value } = await answers.next();
    if (value === undefined) {
      stderr.write("\n");
      return "there was no answer";
    }
    if (value !== topic.name) return `${quoted(value, shownCharactersMax)} is not ${topic.name}`;
  }
  return null;
}

/** The lines of an input, without their ends. */
async function* linesOf(input: Input): AsyncGenerator<string, undefined> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of input.chunks()) {
    text += decoder.decode(chunk, { stream: true });
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
      yield text.slice(0, end).replace(/\r$/, "");
      text = text.slice(end + 1);
    }
  }
  if (text !== "") yield text;
  return undefined;
}

/** Removes one after the other, up to the first refusal. */
async function remove(
  topics: TopicsClient,
  names: readonly string[],
  deleted: string[],
): Promise<ControlFailure | null> {
  for (const name of names) {
    const refused = await topics.delete(name);
    if (refused !== null) return refused;
    deleted.push(name);
  }
  return null;
}
