/** What the broker would say to changed settings, asked while they are typed. */
import { useEffect, useRef, useState } from "preact/hooks";
import { Failure, type SettingChanges } from "./api.ts";

/** Asks whether one change is allowed, and changes nothing; throws why not. */
export type Check = (change: SettingChanges[number]) => Promise<unknown>;

/** By name: why its new value is refused. */
export type Faults = ReadonlyMap<string, string>;

/** Who types fast asks once. */
const settleMs = 250;

/** The setting that a refusal names; `null`: none of these. */
export const nameIn = (message: string, changes: SettingChanges): string | null =>
  changes.find(({ name }) => message.toLowerCase().includes(name))?.name ?? null;

/** `undefined`: whether it is allowed is not known; saving will tell. */
async function faultOf(
  check: Check,
  change: SettingChanges[number],
): Promise<string | null | undefined> {
  try {
    await check(change);
    return null;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return nameIn(error.message, [change]) === null ? undefined : error.message;
  }
}

/** Checks each change once it is typed; knows of a value what it was told before. */
export function useFaults(changes: SettingChanges, check: Check): Faults {
  const known = useRef(new Map<string, string | null>()).current;
  const [, render] = useState({});
  const keyOf = ({ name, value }: SettingChanges[number]): string => `${name} ${value}`;
  const all = changes.map(keyOf).join("\n");
  useEffect(() => {
    let isOver = false;
    const ask = async (): Promise<void> => {
      for (const change of changes) {
        if (isOver || known.has(keyOf(change))) continue;
        const fault = await faultOf(check, change);
        if (fault !== undefined) known.set(keyOf(change), fault);
      }
      if (!isOver) render({});
    };
    const timer = setTimeout(() => void ask(), settleMs);
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [all]);
  return new Map(
    changes.flatMap((change) => {
      const fault = known.get(keyOf(change)) ?? null;
      return fault === null ? [] : [[change.name, fault] as const];
    }),
  );
}
