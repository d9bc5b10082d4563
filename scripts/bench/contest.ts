/**
 * One scenario, run for all who are compared in it: round after round, there and back, as long as
 * there is time. Who fails, or has no way to do it, is left out from then on, and the reason kept.
 */
import { thereAndBack } from "./pairing.ts";
import type { Peer } from "./peer.ts";
import { type RunSettings, runOnce, type Sample } from "./run.ts";
import type { Scenario } from "./scenario.ts";

/** Behind the name of a peer that runs twice: what it differs from itself by is noise. */
export const again = " again";

/** Somebody who is compared. */
export interface Entrant {
  readonly name: string;
  readonly peer: Peer;
}

/** See the head of this file. */
export class Contest {
  /** By the name of the entrant; the nth samples of all are of the same row. */
  readonly samples = new Map<string, Sample[]>();
  /** Why somebody is missing, or has no more samples. */
  readonly troubles = new Map<string, string>();
  /** How long its longest run took, all around it included; zero before the first. */
  runMs = 0;

  constructor(
    readonly scenario: Scenario,
    private readonly entrants: readonly Entrant[],
  ) {
    for (const { name, peer } of entrants) {
      const missing = peer.missing();
      if (missing !== null) this.troubles.set(name, missing);
    }
  }

  /** Whether enough are left for a comparison. */
  isOpen(): boolean {
    return this.#left().length > 1;
  }

  /** Pairs that each who is left has at least. */
  pairs(): number {
    return Math.min(...this.#left().map(({ name }) => this.samples.get(name)?.length ?? 0));
  }

  /** There and back, once; ends before a run that would not be over at `deadline`. */
  async round(settings: RunSettings, deadline: number): Promise<void> {
    for (const entrant of thereAndBack(this.entrants)) {
      const begun = performance.now();
      if (!this.isOpen() || begun + this.runMs > deadline) return;
      if (!this.troubles.has(entrant.name)) await this.#run(entrant, settings);
      this.runMs = Math.max(this.runMs, performance.now() - begun);
    }
  }

  async #run({ name, peer }: Entrant, settings: RunSettings): Promise<void> {
    try {
      const sample = await runOnce(this.scenario, peer, settings);
      if (sample === null) this.troubles.set(name, "has no way to do it");
      else this.samples.set(name, [...(this.samples.get(name) ?? []), sample]);
    } catch (error) {
      // A run that broke says so in the report, and the others are made all the same.
      this.troubles.set(name, `failed: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #left(): readonly Entrant[] {
    return this.entrants.filter(({ name }) => !this.troubles.has(name));
  }
}

/** Everybody of a scenario's matches, each once; the first one again behind itself if asked. */
export function entrantsOf(
  { matches }: Scenario,
  peers: ReadonlyMap<string, Peer>,
  { against, withItself }: { against: ReadonlySet<string>; withItself: boolean },
): readonly Entrant[] {
  const held = matches.filter(([, theirs]) => against.size === 0 || against.has(theirs));
  const names = new Set(held.flat());
  const entrants = [...names].map((name) => ({ name, peer: known(peers, name) }));
  const [first] = entrants;
  if (first === undefined || !withItself) return entrants;
  return [first, { ...first, name: first.name + again }, ...entrants.slice(1)];
}

function known(peers: ReadonlyMap<string, Peer>, name: string): Peer {
  const peer = peers.get(name);
  if (peer === undefined) throw new Error(`no peer is called ${name}`);
  return peer;
}
