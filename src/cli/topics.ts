/** `obelisk topics`: which topics there are, whether or not a broker runs. */
import type { CommandGroup } from "./command.ts";
import { createTopic } from "./topics-create.ts";
import { deleteTopics } from "./topics-delete.ts";
import { describeTopics } from "./topics-describe.ts";
import { listTopics } from "./topics-list.ts";

export const topics: CommandGroup = {
  name: "topics",
  summary: "list, create, describe and delete topics, with or without a broker",
  commands: [listTopics, createTopic, describeTopics, deleteTopics],
};
