/** `obelisk topics`: the topics of a cluster, or of a data directory. */
import type { CommandGroup } from "./command.ts";
import { addPartitions } from "./topics-add-partitions.ts";
import { alterTopic } from "./topics-alter.ts";
import { createTopic } from "./topics-create.ts";
import { deleteRecords } from "./topics-delete-records.ts";
import { deleteTopics } from "./topics-delete.ts";
import { describeTopics } from "./topics-describe.ts";
import { listTopics } from "./topics-list.ts";

export const topics: CommandGroup = {
  name: "topics",
  summary: "list, create, describe, change and delete topics, of Obelisk or any Kafka",
  commands: [
    listTopics,
    createTopic,
    describeTopics,
    alterTopic,
    addPartitions,
    deleteTopics,
    deleteRecords,
  ],
};
