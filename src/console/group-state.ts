/** States of groups, in words. */
import { h, type ComponentChild } from "preact";
import type { GroupRow } from "../http/console-api/groups.ts";
import { counted } from "./format.ts";
import { badge } from "./parts.ts";

const words: Readonly<Record<string, readonly [string, "good" | "warn" | "plain" | "bad"]>> = {
  Stable: ["stable", "good"],
  Empty: ["no members", "plain"],
  PreparingRebalance: ["rebalancing", "warn"],
  CompletingRebalance: ["rebalancing", "warn"],
  Dead: ["dead", "bad"],
};

export function stateBadge(state: string): ComponentChild {
  const [text, tone] = words[state] ?? [state, "plain"];
  return badge(text, tone);
}

/** A group that stands where no record is: how far behind it is says nothing then. */
export function misplacedBadge({ misplaced }: GroupRow): ComponentChild | null {
  if (misplaced === 0) return null;
  const title = `${counted(misplaced, "committed offset")} that no record has`;
  return h("span", { title }, badge("misplaced", "warn"));
}
