/**
 * Groups by their ids, for commands that go no further if one of them is not there.
 *
 * Groups of the newer kind (KIP-848) are listed by a Kafka and not described to this client: they
 * are there, and who is in them is unknown.
 */
import { quoted } from "../base/printable.ts";
import type { Admin } from "../client/kafka/admin.ts";
import type { GroupMember } from "../client/kafka/admin-groups.ts";
import { ClientError } from "../client/kafka/client-error.ts";
import { shownCharactersMax } from "../limits.ts";
import { counted } from "./counted.ts";

/** A group that is there. */
export interface KnownGroup {
  readonly groupId: string;
  readonly state: string;
  readonly protocolType: string;
  /** How partitions are assigned, as `range`; empty: in no way, or unknown. */
  readonly assignor: string;
  /** `null`: unknown. */
  readonly members: readonly GroupMember[] | null;
}

/** In their order. Rejects with a {@link ClientError}, GROUP_ID_NOT_FOUND for instance. */
export async function knownGroups(
  admin: Admin,
  groupIds: readonly string[],
): Promise<readonly KnownGroup[]> {
  const described = await admin.describeGroups(groupIds);
  const isWhole = described.every(({ error }) => error === null);
  const listed = isWhole ? [] : await admin.listGroups();
  return described.map(({ groupId, state, protocolType, protocol: assignor, members, error }) => {
    if (error === null) return { groupId, state, protocolType, assignor, members };
    if (error.code !== "GROUP_ID_NOT_FOUND") throw error;
    const found = listed.find((each) => each.groupId === groupId);
    if (found !== undefined) return { ...found, assignor: "", members: null };
    // Brokers have many words for it.
    const message = `there is no group ${quoted(groupId, shownCharactersMax)}`;
    throw new ClientError("GROUP_ID_NOT_FOUND", message);
  });
}

/** `3 members` */
export const membersText = ({ members }: KnownGroup): string =>
  members === null ? "members unknown" : counted(members.length, "member");
