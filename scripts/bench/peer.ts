/**
 * Who is measured: a broker with one setting, how it is started, and what load it can be given.
 * A load comes back as figures; a peer that can't do it lacks the method.
 */
/** When a broker says that it has a record. */
export type Acknowledges = "after fsync" | "before fsync";

/** Numbers with their units in their names: `records/s`, `p99 µs`. */
export type Figures = Readonly<Record<string, number>>;

/** Records in as fast as they are taken, all acknowledged. */
export interface ProduceLoad {
  readonly records: number;
  readonly recordBytes: number;
  readonly partitions: number;
  readonly codec: "none" | "lz4" | "zstd";
  /** Where records come from. */
  readonly producers: number;
}

/** Records out from the oldest on, as fast as they come. */
export interface ConsumeLoad {
  readonly records: number;
  readonly recordBytes: number;
  /** Each reads everything. */
  readonly readers: number;
}

/** One record at a time: the next goes when the answer to the last is there. */
export interface TurnLoad {
  readonly records: number;
  readonly recordBytes: number;
  /** Each takes turns by itself, so that as many records are in flight. */
  readonly connections: number;
}

/** The same, where a turn is over when all of several waiting readers have the record. */
export interface PassLoad {
  readonly records: number;
  readonly recordBytes: number;
  readonly readers: number;
}

/** Records at the times of a clock, whether or not the last one is answered. */
export interface PacedLoad {
  readonly recordsPerSecond: number;
  readonly recordBytes: number;
  readonly seconds: number;
}

/** A broker that runs. */
export interface Target {
  readonly pid: number;
  /** From its start until it answered a first request. */
  readonly startMs: number;
  /** `host:port` of its Kafka protocol, if it has that. */
  readonly kafka?: string;
  /** `records/s`, `MB/s`; some also `p50 µs`, `p99 µs`. */
  readonly produce?: (load: ProduceLoad) => Promise<Figures>;
  /** Fills a topic for {@link consume}. */
  readonly fill?: (load: ConsumeLoad) => Promise<void>;
  /** `records/s`, `MB/s`. */
  readonly consume?: (load: ConsumeLoad) => Promise<Figures>;
  /** Bytes out without a look at the records: `MB/s`, `records/s`. */
  readonly drain?: (load: ConsumeLoad) => Promise<Figures>;
  /** From the send to the answer: `p50 µs`, `p99 µs`, `p99.9 µs`, `records/s`. */
  readonly acknowledge?: (load: TurnLoad) => Promise<Figures>;
  /** From the send to the arrival at a waiting reader: `p50 µs` … */
  readonly pass?: (load: PassLoad) => Promise<Figures>;
  /** `ack p99 µs`, `end to end p99 µs`, `records/s`, and p50, p99.9 of both. */
  readonly pace?: (load: PacedLoad) => Promise<Figures>;
  /** The same as fast as records are taken, into so many topics in turn. */
  readonly spread?: (topics: number, load: PacedLoad) => Promise<Figures>;
  /** Creates topics. */
  readonly create?: (names: readonly string[], partitions: number) => Promise<void>;
  /** Ends it with a signal and waits until it has gone. */
  readonly stop: (signal: "SIGTERM" | "SIGKILL") => Promise<void>;
}

/** A broker with one setting. */
export interface Peer {
  readonly name: string;
  /** Whether what it acknowledges is on the disk. */
  readonly acknowledges: Acknowledges;
  /** Why it can't be run here; `null` if it can. */
  missing(): string | null;
  /**
   * How much of a load it is given: a slow one would need minutes for what takes others seconds,
   * and a rate is a rate.
   */
  readonly share: number;
  /** What it is, with its version. */
  describe(): Promise<string>;
  /** Size of what has to be installed; NaN if that can't be said in one number. */
  readonly installedBytes: () => number;
  /** Starts it on a data directory, which it may find filled. */
  start(data: string): Promise<Target>;
}
