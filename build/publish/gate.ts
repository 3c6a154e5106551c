import { stat } from "node:fs/promises";
import { join } from "node:path";
import {
  LOADED_BYTES,
  PUBLISHED_BYTES,
  residentBytes,
  SHARD_BYTES,
} from "../../worker/core/format/budget.ts";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import type { Manifest, ShardMeta } from "../../worker/core/format/meta.ts";
import type { CorpusFacts, PublishedManifest } from "../../worker/storage/manifest.ts";
import { ENCODER_FILE } from "../artifact/version.ts";
import type { ArtifactFolder } from "./artifact.ts";
import { checkCorpus } from "./corpus.ts";
import { megabytes } from "./cost.ts";
import type { GateFailure } from "./failure.ts";

export type { GateFailure } from "./failure.ts";

export interface GateContext {
  readonly dir: string;
  readonly manifest: Manifest;
  /** The version that would be replaced. */
  readonly previous: PublishedManifest | undefined;
}

/** Looks at an artifact before it is promoted and says what is wrong with it: `verify`, golden queries, one's own. */
export type Gate = (context: GateContext) => Promise<readonly GateFailure[]>;

/** Sums of a few thousand measurements; less is rounding. */
const EPSILON = 1e-9;
/** Without a target: a fall counts when it is larger than a point and than this many standard errors of the difference. */
const LEAST_FALL = 0.01;
const STANDARD_ERRORS = 3;

/**
 * Holds certified recall@10 against targets: the artifact's own, and that of the version that it replaces. A target is met
 * or not on the build's held-out queries; two versions' figures, each with an error of its own, are not compared. Only
 * where one of the two has no target (an imported Annoy file) does the difference decide, beside its standard error.
 */
export function checkRecall(manifest: Manifest, previous: Manifest | undefined): GateFailure[] {
  const failures: GateFailure[] = [];
  const { recallAt10, target } = manifest.certified;
  if (!(recallAt10 >= target - EPSILON)) {
    failures.push({
      code: "RECALL_BELOW_TARGET",
      message: `Certified recall@10 is ${percent(recallAt10)}, the target ${percent(target)}. Build with more trees, another codec or a lower --target-recall.`,
    });
  }
  const fall = previous && recallFall(manifest, previous);
  if (fall) failures.push({ code: "RECALL_FELL", message: fall });
  return failures;
}

/** Why recall counts as fallen since the version before; undefined when it does not. */
function recallFall(
  { certified: now }: Manifest,
  { version, certified: before }: Manifest,
): string | undefined {
  const figures = `Certified recall@10 is ${percent(now.recallAt10)}, that of version ${version} ${percent(before.recallAt10)}`;
  if (now.target > 0 && before.target > 0) {
    // The own target has been looked at already; a lower one than before is a decision that --force confirms.
    if (now.target >= before.target || now.recallAt10 >= before.target - EPSILON) return undefined;
    return `${figures}, and its target was ${percent(before.target)}. Build with that --target-recall, or confirm the lower one with --force.`;
  }
  const fall = before.recallAt10 - now.recallAt10;
  const error = Math.sqrt(varianceOf(now) + varianceOf(before));
  if (fall <= Math.max(LEAST_FALL, STANDARD_ERRORS * error)) return undefined;
  return `${figures}: the fall is more than ${STANDARD_ERRORS} times the standard error of the difference, ${percent(error)}.`;
}

/** Variance of a certified figure, at most: that of queries which find either all of their neighbours or none. */
function varianceOf({ recallAt10: p, queries }: Manifest["certified"]): number {
  return (p * (1 - p)) / Math.max(1, queries);
}

/** Memory that an isolate needs beside an artifact's own part. */
export interface Beside {
  /** The version that the artifact changes. */
  readonly base?: Manifest | undefined;
  /** Bytes of the encoder of its queries. */
  readonly encoderBytes?: number | undefined;
}

/** An artifact that no isolate can hold would take down whatever tries: the index itself, its router or a shard. */
export function checkSize(manifest: Manifest, { base, encoderBytes = 0 }: Beside = {}): GateFailure[] {
  const { shards, hotBytes } = manifest;
  const encoded = encoderBytes > 0 ? " with its encoder" : "";
  const parts = shards
    ? [
        // Each shard also holds the words' frequencies, nearly all that the router of changes has.
        ...shards.list.map((shard, i) => ({
          what: `Shard ${i}`,
          bytes: shardBytes(shard) + (manifest.base ? hotBytes : 0),
        })),
        // The items are the shards'.
        { what: `The router${encoded}`, bytes: (base?.hotBytes ?? 0) + hotBytes + encoderBytes },
      ]
    : base
      ? [
          {
            what: `The hot part of base and changes${encoded}`,
            bytes: residentBytes(base) + residentBytes(manifest) + encoderBytes,
          },
        ]
      : [{ what: `The hot part${encoded}`, bytes: residentBytes(manifest) + encoderBytes }];
  const advice = shards
    ? "Build with more shards or a lower --shard-bytes."
    : `Build with --max-bytes, fewer trees, or codec int4 or binary${encoded && ", or --embedder static"}, or cut the index with --shards.`;
  return parts
    .filter(({ bytes }) => bytes > PUBLISHED_BYTES)
    .map(({ what, bytes }) => ({
      code: "TOO_LARGE",
      message: `${what} takes ${megabytes(bytes)} of an isolate's 128 MB; ${megabytes(PUBLISHED_BYTES)} are possible. ${advice}`,
      fatal: bytes > LOADED_BYTES,
    }));
}

/** Bytes that an isolate holds of a shard with its changes; removed items keep their places. */
function shardBytes({ hotBytes, items, changes }: ShardMeta): number {
  const { hotBytes: more, removed } = changes ?? { hotBytes: 0, removed: 0 };
  return residentBytes({ hotBytes: hotBytes + more, items: items + removed });
}

/** As {@link checkSize}, for an artifact that was just built. */
export async function checkBuiltSize(dir: string, manifest: Manifest): Promise<GateFailure[]> {
  const file = join(dir, ENCODER_FILE);
  const encoderBytes = manifest.embedder?.provider === "encoder" ? (await stat(file)).size : 0;
  return checkSize(manifest, { encoderBytes });
}

/** Shards that an isolate holds, but not beside those that take over from them. */
export function warnOfSize({ shards }: Manifest, limit = SHARD_BYTES): string[] {
  const large = (shards?.list ?? []).map(shardBytes).filter((bytes) => bytes > limit);
  if (large.length === 0) return [];
  const [verb, which] = large.length === 1 ? ["takes", "shard"] : ["take", "shards"];
  return [
    `${large.length} ${which} ${verb} more than ${megabytes(limit)} of memory, up to ${megabytes(Math.max(...large))}.`,
  ];
}

export interface GateOptions {
  readonly corpus: CorpusFacts;
  /** Share that the corpus may lose; default {@link MAY_SHRINK}. */
  readonly mayShrink?: number;
  readonly gate?: Gate;
  readonly force?: boolean;
  readonly shardBytes?: number;
}

/**
 * Runs all checks. What failed is returned when `force` overrides it, to be recorded. The certified recall of a sharded
 * index is that of the whole.
 *
 * @throws AnnoyEdgeError `GATE_FAILED` naming every failure
 */
export async function runGate(
  dir: string,
  { manifest, base, encoder }: ArtifactFolder,
  previous: PublishedManifest | undefined,
  options: GateOptions,
): Promise<{ forced: string[]; warnings: string[] }> {
  const failures = [
    ...checkSize(manifest, { base: base?.folder.manifest, encoderBytes: encoder?.bytes }),
    ...checkRecall(manifest, previous),
    ...checkCorpus(options.corpus, previous, options.mayShrink),
    ...((await options.gate?.({ dir, manifest, previous })) ?? []),
  ];
  const warnings = warnOfSize(manifest, options.shardBytes);
  if (failures.length === 0) return { forced: [], warnings };
  const lines = failures.map(({ code, message }) => `${code}: ${message}`);
  if (options.force) return { forced: lines, warnings };
  throw new AnnoyEdgeError(
    "GATE_FAILED",
    `Version ${manifest.version} of "${manifest.name}" was not published:\n${lines.map((line) => `- ${line}`).join("\n")}${remedyOf(failures)}`,
  );
}

/** A remedy that works for all failures, beside those that their messages name. */
function remedyOf(failures: readonly GateFailure[]): string {
  if (failures.some(({ fatal }) => fatal)) return "\nNo --force helps here: build the index anew.";
  if (failures.every(({ code }) => code === "CORPUS_SHRANK")) return "";
  return "\nMend the index, or publish it all the same with --force.";
}

function percent(recall: number): string {
  return `${(recall * 100).toFixed(2)}%`;
}
