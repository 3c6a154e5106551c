import { ArtifactError } from "../../worker/core/format/errors.ts";
import { versionKey } from "../../worker/core/format/keys.ts";
import { decodePlacement, type Placement } from "../../worker/core/format/placement.ts";
import type { PublishedManifest } from "../../worker/storage/manifest.ts";
import { type Base, mergePlacements } from "./base.ts";
import { ignored, partsOf, readPublishedManifest } from "./published-manifest.ts";
import type { PublishStore } from "./store.ts";

/** The placement of a version's part as uploaded; undefined when there is none. */
export async function readPlacement(
  store: PublishStore,
  name: string,
  version: string,
  shard?: number,
): Promise<Placement | undefined> {
  const object = await store.getObject(versionKey(name, version, "placement.bin", shard));
  return object && decodePlacement(object.bytes);
}

/**
 * The placements of all parts of a published version.
 *
 * @throws ArtifactError `CORRUPT_PLACEMENT`, also when one is not there
 */
export async function readPlacements(
  store: PublishStore,
  name: string,
  manifest: PublishedManifest,
): Promise<Placement[]> {
  const placements: Placement[] = [];
  for (const shard of partsOf(manifest)) {
    const placement = await readPlacement(store, name, manifest.version, shard?.number);
    if (!placement) {
      const whose = shard === undefined ? "" : ` of shard ${shard.number}`;
      throw new ArtifactError("CORRUPT_PLACEMENT", `its placement${whose} is not there.`);
    }
    placements.push(placement);
  }
  return placements;
}

/** Pages of a published version, kept where possible. A placement that is gone or damaged only costs new pages. */
export async function readBase(
  store: PublishStore,
  name: string,
  manifest: PublishedManifest,
): Promise<Base | undefined> {
  const placements: Placement[] = [];
  // Documents that move from the base into the changes, or back, keep their pages, too.
  const base =
    manifest.base && (await readPublishedManifest(store, name, manifest.base.version).catch(ignored));
  for (const whole of base ? [manifest, base] : [manifest]) {
    for (const shard of partsOf(whole)) {
      const placement = await readPlacement(store, name, whole.version, shard?.number).catch(ignored);
      if (placement) placements.push(placement);
    }
  }
  return placements.length > 0 ? mergePlacements(placements) : undefined;
}
