/**
 * Bytes as a socket hands them over: in memory of their own, freed as soon as nobody holds it.
 */
import { Memory } from "../../src/base/memory.ts";

/** Gives `take` a copy of `bytes`, and lets go of it; answers what it lay in. */
export function handOver(bytes: Uint8Array, take: (memory: Memory) => void): Memory {
  const memory = new Memory(new Uint8Array(bytes));
  take(memory);
  memory.letGo();
  return memory;
}
