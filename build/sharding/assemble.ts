import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { openArtifactEmbedder } from "../../worker/core/embedding/artifact.ts";
import type { Embedder } from "../../worker/core/embedding/types.ts";
import { type Artifact, findSection, requireView, sectionBytes } from "../../worker/core/format/artifact.ts";
import { SHARD_BYTES } from "../../worker/core/format/budget.ts";
import { MAX_ITEMS, MAX_SHARDS } from "../../worker/core/format/constants.ts";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import { idOfItem, openIds } from "../../worker/core/format/ids.ts";
import { shardFolder } from "../../worker/core/format/keys.ts";
import type { Manifest, ShardsMeta } from "../../worker/core/format/meta.ts";
import {
  type BuildResult,
  type FolderWriter,
  readManifest,
  requireUnchanged,
  subfolder,
  writeFolder,
} from "../artifact/folder.ts";
import type { SectionSource } from "../artifact/layout.ts";
import { SHARDS_FOLDER } from "../artifact/version.ts";
import { sharedFloats } from "../numeric/arrays.ts";
import { OptionError } from "../settings/errors.ts";
import { jobs as jobsOf } from "../settings/options.ts";
import type { Progress } from "../settings/progress.ts";
import { certifyWhole } from "./certify.ts";
import { wholeFusion } from "./fusion.ts";
import { createIdSet } from "./ids.ts";
import { adoptShard } from "./link.ts";
import { checkNumbering, type NumberedShard } from "./numbering.ts";
import { centroidsOf, routingCentroids, writeRouter } from "./router.ts";
import { requireWithin } from "./size.ts";
import { certifiableOf, decodeRows, itemsWithVectors, openWhole, type StoredShard } from "./stored.ts";
import { textMetaOf } from "./text.ts";

export interface AssembleOptions {
  /** The sharded folder to write; one that is there already is replaced when the new one is whole. */
  readonly out: string;
  /** Default: that of the first shard. */
  readonly name?: string;
  /** Default: the highest that a shard was built for. */
  readonly targetRecall?: number;
  /** Upper bound of what one shard keeps in memory, in bytes; default 60 MB. */
  readonly shardBytes?: number;
  /** Worker threads; -1 (default): all cores. Never changes the bytes. */
  readonly jobs?: number;
  readonly onProgress?: (progress: Progress) => void;
}

export type AssembleResult = BuildResult;

/** Source note of an artifact that `build --only-shard` made. */
interface Origin {
  readonly fingerprint?: unknown;
  readonly shard?: unknown;
  readonly shards?: unknown;
  readonly partition?: unknown;
}

/**
 * Joins artifacts into one index of shards: what `build --only-shard` made, which keep their numbers, or any ordinary
 * artifacts of one metric, dimension and embedder, whose items are numbered one shard behind the other. Files are linked
 * or copied. All together are certified as a build does, against the finest vectors that they store.
 *
 * @throws AnnoyEdgeError `NOT_A_SHARD`, `SHARDS_DIFFER`, `SHARDS_OVERLAP`, `SHARDS_INCOMPLETE`, `DUPLICATE_ID`,
 *   `SHARD_OVER_BUDGET`, `NOT_AN_ARTIFACT`; ArtifactError naming the fault
 */
export async function assemble(dirs: readonly string[], options: AssembleOptions): Promise<AssembleResult> {
  if (!options.out) throw new OptionError("out is missing: the folder to write the index to.");
  if (dirs.length < 1 || dirs.length > MAX_SHARDS) {
    throw new OptionError(`${dirs.length} shards are named; 1 to ${MAX_SHARDS} can be assembled.`);
  }
  const jobs = jobsOf(options.jobs ?? -1);
  const inputs = await readInputs(dirs);
  const manifest = await writeFolder(options.out, [SHARDS_FOLDER], (folder) =>
    joinShards(folder, inputs, { ...options, jobs }),
  );
  return { out: options.out, manifest };
}

interface Input {
  readonly dir: string;
  readonly manifest: Manifest;
}

const originOf = ({ manifest }: Input): Origin => manifest.source ?? {};

/** The inputs in the order of their numbers, where they have some. */
async function readInputs(dirs: readonly string[]): Promise<Input[]> {
  const inputs = await Promise.all(dirs.map(async (dir) => ({ dir, manifest: await readManifest(dir) })));
  const [first] = inputs;
  for (const input of inputs) {
    const { dir, manifest } = input;
    requireUnchanged(dir, manifest);
    if (manifest.shards) {
      throw new AnnoyEdgeError(
        "NOT_A_SHARD",
        `${dir} is an index of shards itself. Name its shards instead.`,
      );
    }
    for (const key of ["metric", "dimensions", "embedder"] as const) {
      const [one, other] = [JSON.stringify(first!.manifest[key]), JSON.stringify(manifest[key])];
      if (one !== other) throw differ(first!.dir, dir, `${key} is ${one} and ${other}`);
    }
    for (const key of ["fingerprint", "shards", "partition"] as const) {
      if (originOf(input).shard !== undefined && originOf(input)[key] !== originOf(first!)[key])
        throw differ(first!.dir, dir, `they are shards of different builds (${key})`);
    }
  }
  requireLikeFields(inputs);
  const numberOf = (input: Input) => Number(originOf(input).shard);
  return originOf(first!).shard === undefined ? inputs : inputs.sort((a, b) => numberOf(a) - numberOf(b));
}

/** A filter asks one question of all shards, so a field that several of them have holds one kind of value. */
function requireLikeFields(inputs: readonly Input[]): void {
  const known = new Map<string, { readonly dir: string; readonly type: string }>();
  for (const { dir, manifest } of inputs) {
    for (const { field, type } of manifest.columns ?? []) {
      const first = known.get(field) ?? { dir, type };
      known.set(field, first);
      if (first.type !== type)
        throw differ(first.dir, dir, `field "${field}" is of type ${first.type} and ${type}`);
    }
  }
}

function differ(one: string, other: string, what: string): AnnoyEdgeError {
  return new AnnoyEdgeError(
    "SHARDS_DIFFER",
    `${one} and ${other} cannot be one index: ${what}. Build them alike.`,
  );
}

interface Joined {
  readonly shards: StoredShard[];
  readonly centroids: Float32Array[];
  /** Numbers added to the items of each shard's documents, so that they ascend throughout. */
  readonly offsets: number[];
  /** Numbers added to each shard's own item numbers: 0 where it knows those of the whole index. */
  readonly firstItems: number[];
  readonly sections: SectionSource[];
  /** The one that the shards carry. */
  readonly embedder: Embedder | undefined;
}

async function joinShards(
  folder: FolderWriter,
  inputs: readonly Input[],
  options: AssembleOptions & { readonly jobs: number },
): Promise<Manifest> {
  const { onProgress, jobs } = options;
  const { metric, dimensions, embedder, name, source } = inputs[0]!.manifest;
  const partition: ShardsMeta["partition"] =
    metric === "hamming" || originOf(inputs[0]!).partition === "random" ? "random" : "clusters";
  const { seed } = inputs[0]!.manifest.forest;
  const joined = await adoptAll(folder, inputs, { ...options, partition, seed });
  const { shards, centroids, firstItems, sections } = joined;
  const manifests = shards.map(({ manifest }) => manifest);
  const fusion = await wholeFusion(shards, joined.offsets, joined.embedder);
  const target = options.targetRecall ?? Math.max(...manifests.map(({ certified }) => certified.target));
  const { certified, ...route } = await certifyWhole(shards.map(certifiableOf), {
    ...{ metric, dimensions, partition, centroids, target, jobs },
    onProgress: (share) => onProgress?.({ phase: "certify", done: Math.round(share * 1000), total: 1000 }),
  });
  const { shard: _shard, shards: _shards, partition: _partition, ...notes } = source ?? {};
  return writeRouter(folder, {
    ...{ name: options.name ?? name, metric, dimensions, seed, centroids, certified, embedder, sections },
    shards: {
      partition,
      ...route,
      list: manifests.map(({ version, hotBytes, items }, i) => ({
        ...{ version, items, firstItem: firstItems[i]!, hotBytes },
      })),
    },
    meta: { ...textMetaOf(manifests), ...fusion, ...curationMeta(sections, manifests) },
    source: notes,
  });
}

/** Puts every shard in its place, checks it against the others, and finds its centroids. */
async function adoptAll(
  folder: FolderWriter,
  inputs: readonly Input[],
  options: AssembleOptions & { readonly partition: ShardsMeta["partition"]; readonly seed: number },
): Promise<Joined> {
  const { onProgress, partition, seed, shardBytes = SHARD_BYTES } = options;
  const joined: Omit<Joined, "embedder"> = {
    shards: [],
    centroids: [],
    offsets: [],
    firstItems: [],
    sections: [],
  };
  let embedder: Embedder | undefined;
  const numbered: NumberedShard[] = [];
  const ids = createIdSet();
  let next = 0;
  for (const [i, { dir, manifest }] of inputs.entries()) {
    onProgress?.({ phase: "shards", done: i, total: inputs.length });
    const { artifact, forest } = await openWhole(dir);
    const { metric, dimensions, nItems, nSlots } = artifact.header;
    if (i === 0) embedder = carriedEmbedder(dir, artifact);
    const table = openIds(artifact);
    for (let item = 0; item < nItems; item++) {
      const id = idOfItem(table, item);
      if (id === undefined) continue;
      if (ids.has(id)) {
        throw new AnnoyEdgeError(
          "DUPLICATE_ID",
          `The id ${JSON.stringify(id)} of ${dir} is in a shard before it, too.`,
        );
      }
      ids.add(id);
    }
    for (const name of ["embeddingTable", "whitening"] as const) {
      const bytes = sectionBytes(artifact, name);
      const known = joined.sections.find((section) => section.name === name);
      if (i === 0 && bytes) joined.sections.push({ name, hot: true, bytes: bytes.slice() });
      else if (Buffer.compare(bytes ?? new Uint8Array(0), known?.bytes ?? new Uint8Array(0)) !== 0)
        throw differ(inputs[0]!.dir, dir, `section ${name} is not the same, so their vectors do not compare`);
    }
    adoptCuration(joined.sections, sectionBytes(artifact, "curation"), i === 0);
    if (findSection(artifact, "shardItems"))
      numbered.push({ name: dir, numbers: requireView(artifact, "shardItems", Uint32Array, nItems).slice() });
    if (numbered.length !== 0 && numbered.length !== i + 1)
      throw differ(inputs[0]!.dir, dir, "one knows its numbers in the whole, the other does not");
    const items = itemsWithVectors(forest);
    const rows = sharedFloats(nSlots * dimensions);
    decodeRows(forest, items, rows);
    joined.centroids.push(
      routingCentroids(metric, rows, dimensions, {
        centroids: centroidsOf({ shards: inputs.length, dimensions, partition }, nSlots),
        seed,
      }),
    );
    const place = subfolder(folder, shardFolder(i));
    await mkdir(place.path, { recursive: true });
    const { manifest: adopted, numbered: known } = await adoptShard(place, dir, manifest, next);
    requireWithin(dir, adopted, shardBytes);
    const stored = {
      dir: join(folder.path, shardFolder(i)),
      manifest: adopted,
      count: nSlots,
      nItems,
      items,
    };
    joined.shards.push(stored);
    joined.offsets.push(numbered.length > 0 ? 0 : next);
    joined.firstItems.push(known ? 0 : next);
    next += nItems;
  }
  if (next > MAX_ITEMS) throw new OptionError(`${next} items together; ${MAX_ITEMS} are the most.`);
  if (numbered.length > 0) checkNumbering(numbered);
  return { ...joined, embedder };
}

/** The curation of shards that all carry the same; others have none together. */
function adoptCuration(sections: SectionSource[], bytes: Uint8Array | undefined, isFirst: boolean): void {
  if (isFirst) {
    if (bytes) sections.push({ name: "curation", hot: true, bytes: bytes.slice() });
    return;
  }
  const at = sections.findIndex(({ name }) => name === "curation");
  if (at >= 0 && Buffer.compare(bytes ?? new Uint8Array(0), sections[at]!.bytes) !== 0)
    sections.splice(at, 1);
}

function curationMeta(
  sections: readonly SectionSource[],
  [first]: readonly Manifest[],
): Pick<Manifest, "curation"> {
  const { curation } = first!;
  return curation && sections.some(({ name }) => name === "curation") ? { curation } : {};
}

/** @throws AnnoyEdgeError `MISSING_EMBEDDER` for a shard of a folder whose router has the table */
function carriedEmbedder(dir: string, artifact: Artifact): Embedder | undefined {
  const { embedder } = artifact.meta;
  const carried = embedder?.provider === "static" || embedder?.provider === "model2vec";
  if (carried && !findSection(artifact, "embeddingTable")) {
    throw new AnnoyEdgeError(
      "MISSING_EMBEDDER",
      `${dir} is a shard whose embedding table lies in the router of its index, so no router can be made from it. Build it with --only-shard.`,
    );
  }
  return openArtifactEmbedder(artifact);
}
