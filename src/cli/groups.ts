/** `obelisk groups`: consumer groups, and what they have committed. */
import type { CommandGroup } from "./command.ts";
import { deleteGroups } from "./groups-delete.ts";
import { deleteOffsets } from "./groups-delete-offsets.ts";
import { describeGroups } from "./groups-describe.ts";
import { listGroups } from "./groups-list.ts";
import { resetGroup } from "./groups-reset.ts";

export const groups: CommandGroup = {
  name: "groups",
  summary: "list, describe, reset and delete consumer groups, of Obelisk or any Kafka",
  commands: [listGroups, describeGroups, resetGroup, deleteGroups, deleteOffsets],
};
