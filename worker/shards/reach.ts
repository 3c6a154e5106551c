import { AnnoyEdgeError } from "../core/format/errors.ts";
import type { LoadedParts } from "../storage/loaded.ts";
import type { ShardNamespace } from "./address.ts";
import { connectShards, type ReachShards, type ShardSettings } from "./client.ts";

/** Lines missing from the wrangler.toml of a Worker that has no objects for shards. */
const LINES = `[[durable_objects.bindings]]
name = "SHARDS"
class_name = "IndexShard"

[[migrations]]
tag = "v1"
new_sqlite_classes = ["IndexShard"]`;

/**
 * Access to the shards of a version: behind Durable Objects.
 *
 * @returns undefined for a version that holds its items itself, which needs no binding
 * @throws AnnoyEdgeError `BAD_CONFIGURATION` where shards need one that is not there
 */
export function reachShards(
  { artifact, name, version }: LoadedParts,
  namespace: ShardNamespace | undefined,
  settings: ShardSettings,
): ReachShards | undefined {
  const { shards, base } = artifact.meta;
  if (!shards) return undefined;
  if (!namespace) {
    throw new AnnoyEdgeError(
      "BAD_CONFIGURATION",
      `Version ${version} of index "${name}" is cut into shards, and this Worker has no binding SHARDS to hold them. Add these lines to wrangler.toml:\n${LINES}\nThen deploy again.`,
    );
  }
  return connectShards({ namespace, index: name, version, meta: shards, base: base?.version, settings });
}
