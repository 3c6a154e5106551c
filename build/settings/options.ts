import { availableParallelism } from "node:os";
import {
  CODECS,
  type Codec,
  MAX_DIMENSIONS,
  METRICS,
  type Metric,
  type RescoreCodec,
} from "../../worker/core/format/constants.ts";
import { OptionError } from "./errors.ts";
import type { Progress } from "./progress.ts";

/** Settings of the forest as a person writes them; all have defaults. */
export interface ForestOptions {
  /** Default `angular`. */
  readonly metric?: Metric;
  /** Number of trees, or `auto` (default): none while a scan is as fast, else one, whose searchK meets the target. */
  readonly trees?: number | "auto";
  /** Recall@10 against exact search that the default searchK must reach; default 0.95. */
  readonly targetRecall?: number;
  /** Codec of the vectors; default int8. `auto`: the smallest that meets the target recall within `maxBytes`. */
  readonly codec?: Codec | "auto";
  /**
   * Finer vectors behind the codec: `int4` and `int8` behind int8 and int4 hold what those leave, in memory; `float32` lies
   * in the cold part of the file. `auto` (default): float32, int8 behind binary, none behind float32.
   */
  readonly rescore?: RescoreCodec | "auto";
  /** Items a leaf holds at most; `auto` (default) chooses. */
  readonly leaf?: number | "auto";
  /** Default 0. The same input, settings and seed give the same bytes. */
  readonly seed?: number;
  /** Worker threads; -1 (default): all cores. Never changes the bytes. */
  readonly jobs?: number;
  /** Upper bound of forest and vectors in memory, in bytes. */
  readonly maxBytes?: number;
}

/** {@link ForestOptions}, checked and complete. */
export interface ForestSettings {
  readonly trees: number | "auto";
  readonly targetRecall: number;
  readonly codec: Codec | "auto";
  /** Rescoring vectors that the file carries behind the codec. */
  readonly rescore: RescoreCodec | "auto";
  /** Items a leaf holds at most; 0 chooses. */
  readonly leafSize: number;
  readonly seed: number;
  /** Worker threads; -1: all cores. Never changes the bytes. */
  readonly jobs: number;
  /** Upper bound of the hot forest and vector sections together, in bytes. */
  readonly maxBytes?: number;
  readonly onProgress?: (progress: Progress) => void;
}

const MAX_TREES = 10_000;
const MAX_LEAF = 65_536;

/** Checks the forest's settings and fills in the defaults. @throws OptionError */
export function forestSettings(options: ForestOptions): { metric: Metric; settings: ForestSettings } {
  const metric = oneOf("metric", options.metric ?? "angular", METRICS);
  const codecs = CODECS.filter((codec): codec is Codec => codec !== "none");
  const { maxBytes } = options;
  return {
    metric,
    settings: {
      trees: integerOrAuto("trees", options.trees, 0, MAX_TREES),
      targetRecall: fraction("targetRecall", options.targetRecall ?? 0.95),
      codec: options.codec === "auto" ? "auto" : oneOf("codec", options.codec ?? "int8", [...codecs, "auto"]),
      rescore: oneOf("rescore", options.rescore ?? "auto", [...CODECS, "auto"]),
      leafSize: options.leaf === 0 ? 0 : toNumber(integerOrAuto("leaf", options.leaf, 1, MAX_LEAF)),
      seed: integer("seed", options.seed ?? 0, 0, 0xffff_ffff),
      jobs: jobs(options.jobs ?? -1),
      ...(maxBytes !== undefined && {
        maxBytes: integer("maxBytes", maxBytes, 1024, Number.MAX_SAFE_INTEGER),
      }),
    },
  };
}

/** The number of worker threads that `jobs` stands for. */
export function jobs(value: number): number {
  if (value === -1) return availableParallelism();
  return integer("jobs", value, 1, 1024, ", or -1 for all cores");
}

export function oneOf<T extends string>(what: string, value: string, list: readonly T[]): T {
  const found = list.find((entry) => entry === value);
  if (found === undefined) {
    throw new OptionError(`${what} is ${JSON.stringify(value)}; it can be ${list.join(", ")}.`);
  }
  return found;
}

export function integer(what: string, value: number, low: number, high: number, also = ""): number {
  if (!Number.isInteger(value) || value < low || value > high) {
    throw new OptionError(`${what} is ${value}; a whole number from ${low} to ${high} is needed${also}.`);
  }
  return value;
}

/** Types are gone when a configuration is read, and an empty text is a variable that was never set. @throws OptionError */
export function requireText(what: string, value: unknown): void {
  if (value === undefined || (typeof value === "string" && value !== "")) return;
  throw new OptionError(`${what} is ${shown(value)}; a text that is not empty is needed.`);
}

/** The same of a list of texts, which may be empty itself. @throws OptionError */
export function requireTexts(what: string, value: unknown): void {
  if (value === undefined) return;
  if (!Array.isArray(value)) throw new OptionError(`${what} is ${shown(value)}; a list of texts is needed.`);
  for (const [i, each] of value.entries()) requireText(value.length > 1 ? `${what}[${i}]` : what, each);
}

/** Refuses what is no truth value. @throws OptionError */
export function requireBoolean(what: string, value: unknown): void {
  if (value === undefined || typeof value === "boolean") return;
  throw new OptionError(`${what} is ${shown(value)}; true or false is needed.`);
}

function shown(value: unknown): string {
  return typeof value === "string" || typeof value === "number" || value === null
    ? JSON.stringify(value)
    : Array.isArray(value)
      ? "a list"
      : `of type ${typeof value}`;
}

export function dimensions(value: number): number {
  return integer("dimensions", value, 1, MAX_DIMENSIONS);
}

function integerOrAuto(
  what: string,
  value: number | "auto" | undefined,
  low: number,
  high: number,
): number | "auto" {
  if (value === undefined || value === "auto") return "auto";
  return integer(what, value, low, high, ", or auto");
}

function toNumber(value: number | "auto"): number {
  return value === "auto" ? 0 : value;
}

function fraction(what: string, value: number): number {
  if (!(value > 0 && value <= 1)) {
    throw new OptionError(`${what} is ${value}; a number above 0 and at most 1 is needed, such as 0.95.`);
  }
  return value;
}
