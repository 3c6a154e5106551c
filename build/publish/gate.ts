import { PUBLISHED_BYTES, residentBytes, SHARD_BYTES } from "../../worker/core/format/budget.ts";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import type { Manifest } from "../../worker/core/format/meta.ts";
import type { PublishedManifest } from "../../worker/storage/manifest.ts";
import type { ArtifactFolder } from "./artifact.ts";

/** A check that an artifact did not pass. */
export interface GateFailure {
  /** `TOO_LARGE`, `RECALL_BELOW_TARGET`, `RECALL_FELL`, `GOLDEN_QUERY`, or a code of `verify`. */
  readonly code: string;
  readonly message: string;
}

export interface GateContext {
  readonly dir: string;
  readonly manifest: Manifest;
  /** The version that would be replaced. */
  readonly previous: PublishedManifest | undefined;
}

/** Looks at an artifact before it is promoted and says what is wrong with it: `verify`, golden queries, one's own. */
export type Gate = (context: GateContext) => Promise<readonly GateFailure[]>;

/** Certified recall@10 may fall by this much from one version to the next. */
const RECALL_SLACK = 0.01;
/** Sums of a few thousand measurements; less is rounding. */
const EPSILON = 1e-9;

/** Recall as certified in the manifests: not below the artifact's own target, nor a point below the version before. */
export function checkRecall(manifest: Manifest, previous: Manifest | undefined): GateFailure[] {
  const failures: GateFailure[] = [];
  const { recallAt10, target } = manifest.certified;
  if (!(recallAt10 >= target - EPSILON)) {
    failures.push({
      code: "RECALL_BELOW_TARGET",
      message: `Certified recall@10 is ${percent(recallAt10)}, the target ${percent(target)}. Build with more trees, another codec or a lower --target-recall.`,
    });
  }
  const before = previous?.certified.recallAt10;
  if (before !== undefined && !(recallAt10 >= before - RECALL_SLACK - EPSILON)) {
    failures.push({
      code: "RECALL_FELL",
      message: `Certified recall@10 is ${percent(recallAt10)}, that of version ${previous?.version} ${percent(before)}: more than a point is lost.`,
    });
  }
  return failures;
}

/** An artifact that no isolate can hold would take down whatever tries: the index itself, its router or a shard. */
export function checkSize(manifest: Manifest): GateFailure[] {
  const { shards, hotBytes } = manifest;
  const parts = shards
    ? [
        ...shards.list.map((shard, i) => ({ what: `Shard ${i}`, bytes: residentBytes(shard) })),
        // The items are the shards'.
        { what: "The router", bytes: hotBytes },
      ]
    : [{ what: "The hot part", bytes: residentBytes(manifest) }];
  const advice = shards
    ? "Build with more shards or a lower --shard-bytes."
    : "Build with --max-bytes, fewer trees, or codec int4 or binary, or cut the index with --shards.";
  return parts
    .filter(({ bytes }) => bytes > PUBLISHED_BYTES)
    .map(({ what, bytes }) => ({
      code: "TOO_LARGE",
      message: `${what} takes ${megabytes(bytes)} of an isolate's 128 MB; ${megabytes(PUBLISHED_BYTES)} are possible. ${advice}`,
    }));
}

/** Shards that an isolate holds, but not beside those that take over from them. */
export function warnOfSize({ shards }: Manifest, limit = SHARD_BYTES): string[] {
  const large = (shards?.list ?? []).map(residentBytes).filter((bytes) => bytes > limit);
  if (large.length === 0) return [];
  const [verb, which] = large.length === 1 ? ["takes", "shard"] : ["take", "shards"];
  return [
    `${large.length} ${which} ${verb} more than ${megabytes(limit)} of memory, up to ${megabytes(Math.max(...large))}.`,
  ];
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/**
 * Runs all checks. What failed is returned when `force` overrides it, to be recorded. The certified recall of a sharded
 * index is that of the whole.
 *
 * @throws AnnoyEdgeError `GATE_FAILED` naming every failure
 */
export async function runGate(
  dir: string,
  { manifest }: ArtifactFolder,
  previous: PublishedManifest | undefined,
  options: { readonly gate?: Gate; readonly force?: boolean; readonly shardBytes?: number },
): Promise<{ forced: string[]; warnings: string[] }> {
  const failures = [
    ...checkSize(manifest),
    ...checkRecall(manifest, previous),
    ...((await options.gate?.({ dir, manifest, previous })) ?? []),
  ];
  const warnings = warnOfSize(manifest, options.shardBytes);
  if (failures.length === 0) return { forced: [], warnings };
  const lines = failures.map(({ code, message }) => `${code}: ${message}`);
  if (options.force) return { forced: lines, warnings };
  throw new AnnoyEdgeError(
    "GATE_FAILED",
    `Version ${manifest.version} of "${manifest.name}" was not published:\n${lines.map((line) => `- ${line}`).join("\n")}\nMend the index, or publish it all the same with --force.`,
  );
}

function percent(recall: number): string {
  return `${(recall * 100).toFixed(2)}%`;
}
