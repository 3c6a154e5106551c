import { type Artifact, requireView } from "../../format/artifact.ts";
import { MAX_SHARDS } from "../../format/constants.ts";
import { AnnoyEdgeError, ArtifactError } from "../../format/errors.ts";
import type { ShardSet } from "./types.ts";

/**
 * The shards that a router leads to; undefined for an artifact that holds its items itself. O(centroids).
 *
 * @throws ArtifactError `CORRUPT_META`, `BAD_SECTION`; AnnoyEdgeError `SHARDS_UNREACHABLE` without a way to reach them
 */
export function openShardSet(
  artifact: Artifact,
  reach: Omit<ShardSet, "meta" | "owners"> | undefined,
): ShardSet | undefined {
  const { meta: all, header } = artifact;
  const meta = all.shards;
  if (!meta) return undefined;
  const { list, rows, probes, effort, expectedSearchK } = meta;
  const numbers = [probes, effort, expectedSearchK, all.items];
  if (!Array.isArray(list) || !Array.isArray(rows) || !numbers.every(Number.isFinite)) {
    throw new ArtifactError("CORRUPT_META", "Section meta names shards, but not which.");
  }
  if (list.length === 0 || list.length > MAX_SHARDS) {
    throw new ArtifactError("CORRUPT_META", `${list.length} shards; 1 to ${MAX_SHARDS} are possible.`);
  }
  const owners = requireView(artifact, "shardOwners", Uint16Array, header.nItems);
  for (const [centroid, owner] of owners.entries()) {
    if (owner < list.length) continue;
    throw new ArtifactError("BAD_SECTION", `Centroid ${centroid} leads to shard ${owner} of ${list.length}.`);
  }
  if (!reach) {
    throw new AnnoyEdgeError(
      "SHARDS_UNREACHABLE",
      `Index "${all.name}" is cut into ${list.length} shards, and there is no way to reach them here.`,
    );
  }
  return { ...reach, meta, owners };
}
