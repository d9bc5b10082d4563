/** A stable group in its third generation, as it was stored, and how to ask it something. */
import type { JoinGroupReply, SyncGroupReply } from "../../src/broker/group-coordinator.ts";
import type { GroupEffect, GroupEvent } from "../../src/broker/group-event.ts";
import { Group } from "../../src/broker/group.ts";
import type { GroupMemberRow, GroupRow } from "../../src/metadata/metadata.ts";
import { storyRules } from "./group-story.ts";
import { subscription } from "./groups-world.ts";

const now = { wallMs: 10 * 24 * 3600 * 1000, monotonicMs: 0 };

/** Members `leader`, `follower`, and `static` with the instance id `i`. */
export function stableGroup(more: Partial<GroupRow> = {}): Group {
  const member = (memberId: string, groupInstanceId: string | null = null): GroupMemberRow => ({
    memberId,
    groupInstanceId,
    clientId: "app",
    clientHost: "/127.0.0.1",
    rebalanceTimeoutMs: 30_000,
    sessionTimeoutMs: 10_000,
    protocols: [{ name: "range", metadata: subscription("t") }],
    assignment: new TextEncoder().encode(memberId),
  });
  const row: GroupRow = {
    groupId: "g",
    generationId: 3,
    protocolType: "consumer",
    protocolName: "range",
    leader: "leader",
    currentStateTimestamp: 8 * 24 * 3600 * 1000,
    members: [member("leader"), member("follower"), member("static", "i")],
    ...more,
  };
  return new Group("g", storyRules, row, now);
}

export const step = (group: Group, event: GroupEvent): readonly GroupEffect[] =>
  group.step(event, now);

/** What a member, or somebody new, gets for asking to join; nothing while it has to wait. */
export function join(
  group: Group,
  more: { memberId?: string; groupInstanceId?: string; metadata?: Uint8Array } = {},
  apiVersion = 9,
): JoinGroupReply | undefined {
  const effects = step(group, {
    kind: "join",
    ticket: 1,
    caller: { apiVersion, clientId: "app", clientHost: "/127.0.0.1" },
    newMemberId: "new",
    request: {
      groupId: "g",
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 30_000,
      memberId: more.memberId ?? "",
      groupInstanceId: more.groupInstanceId ?? null,
      protocolType: "consumer",
      protocols: [{ name: "range", metadata: more.metadata ?? subscription("t") }],
      reason: null,
    },
  });
  return joinReply([...effects, ...stored(group, effects)]);
}

/** What it gets for asking for its assignment; nothing while it has to wait. */
export function sync(
  group: Group,
  memberId: string,
  more: { generationId?: number; groupInstanceId?: string; protocolName?: string } = {},
): SyncGroupReply | undefined {
  const effects = step(group, {
    kind: "sync",
    ticket: 2,
    request: {
      groupId: "g",
      generationId: more.generationId ?? 3,
      memberId,
      groupInstanceId: more.groupInstanceId ?? null,
      protocolType: null,
      protocolName: more.protocolName ?? null,
      assignments: [],
    },
  });
  for (const effect of effects) if (effect.kind === "sync reply") return effect.reply;
  return undefined;
}

function joinReply(effects: readonly GroupEffect[]): JoinGroupReply | undefined {
  for (const effect of effects) if (effect.kind === "join reply") return effect.reply;
  return undefined;
}

/** What comes of it when all that was to be stored is. */
const stored = (group: Group, effects: readonly GroupEffect[]): readonly GroupEffect[] =>
  effects.flatMap((effect) =>
    effect.kind === "store"
      ? step(group, { kind: "stored", storeId: effect.storeId, errorCode: "NONE" })
      : [],
  );
