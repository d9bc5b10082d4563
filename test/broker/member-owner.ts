/** Whose members tests make: what they are told is written down. */
import type { MemberOwner } from "../../src/broker/group-member.ts";

/** An owner that reads these topics. */
export const ownerOf = (
  groupId: string,
  ...topics: readonly string[]
): MemberOwner & { readonly told: string[] } => {
  const told: string[] = [];
  return {
    groupId,
    clientId: "resident",
    clientHost: "",
    topics: () => topics,
    revoking: () => {
      told.push("revoking");
      return Promise.resolve();
    },
    changed: () => void told.push("changed"),
    told,
  };
};
