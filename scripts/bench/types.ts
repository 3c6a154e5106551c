import type { Cost } from "./clock.ts";

/** Neighbours asked of everyone: recall@10. */
export const K = 10;

/** Vectors and held-out queries on disk, as another process reads them. */
export interface DataFile {
  /** `count` vectors, then `nQueries` queries; row-major float32. */
  readonly file: string;
  readonly dimensions: number;
  readonly count: number;
  readonly nQueries: number;
}

/** Vectors and held-out queries, all of unit length, with the exact answers. */
export interface DataSet extends DataFile {
  readonly id: string;
  readonly title: string;
  /** The numbers of the file. */
  readonly rows: Float32Array<SharedArrayBuffer>;
  /** {@link K} nearest vectors of each query, nearest first. */
  readonly truth: Uint32Array;
}

export interface BuildResult extends Cost {
  /** Bytes that are stored and loaded again. */
  readonly bytes: number;
  /** Built by an earlier run, when the machine may have been busier or less busy: its time on the clock says little. */
  readonly reused?: true;
}

export interface AskResult extends Cost {
  /** {@link K} items a query, -1 where there were fewer. */
  readonly items: ArrayLike<number>;
}

/** One library in one configuration, whose speed and recall are governed by one number. */
export interface Contender {
  /** Unique within a run. */
  readonly id: string;
  /** Name for `--only` and for the colour: one peer may have several contenders. */
  readonly peer: string;
  readonly label: string;
  /** One line on how it was configured. */
  readonly note: string;
  /** Contenders with the same one share what is built. */
  readonly buildId: string;
  /** Why it does not take part in a set; undefined when it does. */
  declines(set: DataSet): string | undefined;
  /** Values of its parameter for a set, ascending in recall. */
  settings(set: DataSet): readonly number[];
  /** Certificate of an index that {@link build} wrote, where it certifies recall; its default setting is -1. */
  certified?(folder: string): Promise<Pick<AtDefault, "searchK" | "certified">>;
  /**
   * Installs or compiles what is needed.
   *
   * @throws PeerUnavailable
   */
  prepare(): Promise<void>;
  /** Builds into `folder`, in a process of its own. */
  build(set: DataSet, folder: string): Promise<BuildResult>;
  /** Opens what {@link build} wrote, in a process of its own. */
  open(set: DataSet, folder: string): Promise<Session>;
}

/** An opened index in a process of its own. */
export interface Session {
  /** Milliseconds from the bytes in memory (or in the system's file cache) to the first answer. */
  readonly firstAnswerMs: number;
  ask(setting: number, from: number, count: number): Promise<AskResult>;
  /** Bytes that the process has resident now beyond what it had before the index was opened. */
  memory(): number;
  close(): Promise<void>;
}

/** One measured setting. */
export interface Point {
  readonly setting: number;
  readonly recall: number;
  /** Queries per second of CPU time: the median of the rounds, and the extremes. */
  readonly qps: number;
  readonly qpsMin: number;
  readonly qpsMax: number;
}

export interface Curve {
  readonly id: string;
  readonly peer: string;
  readonly label: string;
  readonly note: string;
  readonly build: BuildResult;
  readonly firstAnswerMs: number;
  /** Bytes resident after the first answer. */
  readonly memory: number;
  readonly points: readonly Point[];
  readonly atDefault?: AtDefault;
}

/** Certified recall of an index at its default, and the recall on queries that its build never saw. */
export interface AtDefault {
  readonly searchK: number;
  /** Recall@{@link K} in the manifest. */
  readonly certified: number;
  readonly recall: number;
  /** Standard error of `recall`. */
  readonly error: number;
  readonly queries: number;
}

/** All that one run measured on one data set. */
export interface SetResult {
  readonly date: string;
  readonly machine: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly rounds: number;
  /** Load average when it began. */
  readonly load: string;
  readonly id: string;
  readonly title: string;
  readonly dimensions: number;
  readonly count: number;
  readonly curves: readonly Curve[];
  /** Peers that could not run, with the reason. */
  readonly skipped: readonly { readonly label: string; readonly reason: string }[];
}

export interface BenchReport {
  readonly sets: readonly SetResult[];
  readonly million?: MillionReport;
}

/** One way of searching the large artifact: its hot part alone, or with the finer vectors behind it. */
export interface MillionSearch {
  readonly tiers: "hot" | "hot and cold";
  readonly searchK: number;
  readonly recall: number;
  /** Milliseconds of CPU time a query: the median of the rounds. */
  readonly cpuMs: number;
  /** Ranged reads a query, all at once. */
  readonly reads: number;
}

/** Result of `--million`. */
export interface MillionReport extends Pick<SetResult, "date" | "machine" | "load" | "count" | "dimensions"> {
  /** Origin of the vectors. */
  readonly recipe: string;
  readonly codec: string;
  readonly rescore: string;
  readonly buildSeconds: number;
  readonly hotBytes: number;
  readonly fileBytes: number;
  readonly certifiedRecall: number;
  readonly certifiedSearchK: number;
  readonly openMs: number;
  /** At the certified searchK, among others in older reports. */
  readonly searches: readonly MillionSearch[];
}
