import { ArtifactError } from "../../worker/core/format/errors.ts";
import { versionKey } from "../../worker/core/format/keys.ts";
import type { Manifest } from "../../worker/core/format/meta.ts";
import {
  type PublishedManifest,
  parsePublishedManifest,
  type ShardRef,
} from "../../worker/storage/manifest.ts";
import type { PublishStore } from "./store.ts";

/**
 * The parts of a version that have objects of their own: its shards, of changes the changed ones, and the index itself or
 * its router.
 */
export function partsOf({ shards, base }: Pick<Manifest, "shards" | "base">): (ShardRef | undefined)[] {
  const refs = (shards?.list ?? []).flatMap(({ version, changes }, number): ShardRef[] => {
    if (!base) return [{ number, version }];
    return changes ? [{ number, version: changes.version }] : [];
  });
  return [...refs, undefined];
}

/** The manifest of a published version; undefined when it is not there. */
export async function readPublishedManifest(
  store: PublishStore,
  name: string,
  version: string,
): Promise<PublishedManifest | undefined> {
  const object = await store.getObject(versionKey(name, version, "manifest.json"));
  return object && parsePublishedManifest(new TextDecoder().decode(object.bytes), version);
}

/** Takes what is damaged for lost, where a publish only reuses it. */
export function ignored(error: unknown): undefined {
  if (!(error instanceof ArtifactError)) throw error;
}
