/**
 * One run of one scenario against one peer: a fresh process on a fresh directory, on a machine that
 * is quiet and whose memory was touched. What it cost the broker is counted beside its figures.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { allCpus, keepAwake, pin, placements, touchMemory, untilQuiet } from "./machine.ts";
import type { Figures, Peer, Target } from "./peer.ts";
import { cpuSecondsOf, factsOf, kernelCpuSeconds, machineBusySeconds } from "./process-facts.ts";
import { generatorSeconds } from "./rdkafka.ts";
import type { Scenario, Stand } from "./scenario.ts";
import { killServices } from "./service.ts";

/** What one run gave. */
export interface Sample {
  readonly figures: Figures;
  /** How many went through in what was measured; NaN if the time was given and not the number. */
  readonly records: number;
  /** The broker's, during what was measured. */
  readonly cpuSeconds: number;
  readonly writtenBytes: number;
  readonly residentBytesMax: number;
  /** Share of one CPU that others used meanwhile: what nobody of this benchmark did. */
  readonly foreignShare: number;
}

/** How runs are made. */
export interface RunSettings {
  /** Directories of data are made in here: on the disk that is meant, not in memory. */
  readonly folder: string;
  /** Part of the full count of records. */
  readonly scale: number;
  /** Written and removed before each run. */
  readonly touchGib: number;
  /** How long a quiet moment is waited for; 0 takes the machine as it is. */
  readonly quietMsMax: number;
  /** A run that others disturbed is made again, so often in all at most. */
  readonly triesMax: number;
}

/** More than this of a CPU taken by others, and a run is disturbed. */
export const foreignShareMax = 0.05;

/** What a run needs of a scenario. */
type Runnable = Pick<Scenario, "placement" | "run">;

/** The sample; `null` if the peer has no way to do it. */
export async function runOnce(
  scenario: Runnable,
  peer: Peer,
  settings: RunSettings,
): Promise<Sample | null> {
  for (let attempt = 1; ; attempt++) {
    if (settings.quietMsMax > 0) await untilQuiet(settings.quietMsMax);
    const sample = await attemptOnce(scenario, peer, settings);
    const isDisturbed = (sample?.foreignShare ?? 0) > foreignShareMax;
    if (!isDisturbed || attempt >= settings.triesMax) return sample;
  }
}

async function attemptOnce(
  scenario: Runnable,
  peer: Peer,
  settings: RunSettings,
): Promise<Sample | null> {
  const folder = mkdtempSync(join(settings.folder, "obelisk-bench-"));
  folders.add(folder);
  const cpus = placements[scenario.placement];
  await using spinners = cpus === null ? null : keepAwake();
  let run: Run | null = null;
  try {
    if (settings.touchGib > 0) touchMemory(folder, settings.touchGib);
    const helpers = spinners?.pids ?? [];
    run = new Run(peer, { folder, scale: settings.scale, helpers }, await peer.start(folder));
    if (cpus !== null) {
      await pin(run.target.pid, cpus[0]);
      await pin(process.pid, cpus[1]);
    }
    const figures = await scenario.run(run);
    return figures === null ? null : run.sample(figures);
  } finally {
    // Its data go with it, so there is nothing to wait for.
    await run?.target.stop("SIGKILL");
    if (cpus !== null) await pin(process.pid, allCpus);
    rmSync(folder, { recursive: true, force: true });
    folders.delete(folder);
  }
}

/** Those of runs that are not over. */
const folders = new Set<string>();

/** Ends what runs, and leaves nothing behind: for a benchmark that is interrupted. */
export function abandonRuns(): void {
  killServices();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}

/** Keeps what a run has cost so far. */
class Run implements Stand {
  #records = 0;
  #cpuSeconds = 0;
  #writtenBytes = 0;
  #residentBytesMax = 0;
  #foreignSeconds = 0;
  #seconds = 0;

  constructor(
    private readonly peer: Peer,
    private readonly place: {
      readonly folder: string;
      readonly scale: number;
      /** Processes of this benchmark that are neither broker nor generator. */
      readonly helpers: readonly number[];
    },
    public target: Target,
  ) {}

  get startMs(): number {
    return this.target.startMs;
  }

  readonly count = (full: number): number => {
    return Math.max(1, Math.ceil(full * this.place.scale * this.peer.share));
  };

  readonly metered = async <T>(records: number, action: () => Promise<T>): Promise<T> => {
    const { pid } = this.target;
    const before = { ...factsOf(pid), ...this.#spent(pid), at: performance.now() };
    const result = await action();
    const after = { ...factsOf(pid), ...this.#spent(pid), at: performance.now() };
    this.#records += records;
    this.#cpuSeconds += after.cpuSeconds - before.cpuSeconds;
    this.#writtenBytes += after.writtenBytes - before.writtenBytes;
    this.#residentBytesMax = Math.max(this.#residentBytesMax, after.residentBytesMax);
    this.#foreignSeconds += after.machine - before.machine - (after.own - before.own);
    this.#seconds += (after.at - before.at) / 1000;
    return result;
  };

  readonly restart = async (signal: "SIGTERM" | "SIGKILL"): Promise<Stand> => {
    await this.target.stop(signal);
    this.target = await this.peer.start(this.place.folder);
    return this;
  };

  sample(figures: Figures): Sample {
    return {
      figures,
      records: this.#records,
      cpuSeconds: this.#cpuSeconds,
      writtenBytes: this.#writtenBytes,
      residentBytesMax: this.#seconds === 0 ? NaN : this.#residentBytesMax,
      foreignShare: this.#seconds === 0 ? 0 : this.#foreignSeconds / this.#seconds,
    };
  }

  /** CPU time of the whole machine, and of this benchmark, its broker and the kernel for them. */
  #spent(pid: number): { machine: number; own: number } {
    const pids = new Set([process.pid, pid, ...this.place.helpers]);
    const others = generatorSeconds() + kernelCpuSeconds();
    const own = [...pids].reduce((sum, each) => sum + cpuSecondsOf(each), others);
    return { machine: machineBusySeconds(), own };
  }
}
