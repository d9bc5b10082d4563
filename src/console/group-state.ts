/** States of groups, in words. */
import type { ComponentChild } from "preact";
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
