import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Embedder } from "../../worker/core/embedding/types.ts";
import { shardFolder } from "../../worker/core/format/keys.ts";
import type { Manifest, ManifestFile } from "../../worker/core/format/meta.ts";
import { gather } from "../artifact/collect.ts";
import { readDocuments, writeDocuments } from "../artifact/documents.ts";
import { type FolderWriter, subfolder } from "../artifact/folder.ts";
import { pickQueries } from "../forest/build-forest.ts";
import { type BuildJob, curationOptions, sourceOf } from "../job/job.ts";
import { writeWhole } from "../job/whole.ts";
import { sharedFloats } from "../numeric/arrays.ts";
import type { CorpusShape } from "../plan/shards.ts";
import { calibrate } from "../text/calibrate.ts";
import { compileCuration } from "../text/curation/compile.ts";
import { withLanguages } from "../text/languages.ts";
import type { TextOptions } from "../text/options.ts";
import { type Certifiable, certifyWhole } from "./certify.ts";
import { type SpooledCorpus, spoolCorpus } from "./corpus.ts";
import { distributeDocuments, distributeRows, itemsOfShards } from "./distribute.ts";
import { createIdSet } from "./ids.ts";
import type { Sharding } from "./options.ts";
import { partitionRows } from "./partition.ts";
import { writeRouter } from "./router.ts";
import { type BuiltShard, buildShard, type ShardJob } from "./shard.ts";
import { sizeShards } from "./size.ts";
import { createSpool, type Spool } from "./spool.ts";
import { readSearchedBytes } from "./stored.ts";
import { surveyTexts } from "./survey.ts";
import { textMetaOf } from "./text.ts";

/** Folder of rows and documents until they are in shards; removed before the commit. */
const SPOOL_FOLDER = "spool";

interface Spooled {
  readonly count: number;
  readonly hasText: boolean;
  /** `documents.jsonl` of the whole. */
  readonly path: string;
  readonly documents: ManifestFile;
  readonly given: Spool | undefined;
}

/**
 * Builds an index that is cut into shards: documents and vectors go to disk as they come, then into the shards' own
 * files, and the shards are built one after another. Memory holds one shard's vectors and forest, or the partition's
 * sample. Undefined when the same documents and settings made `job.known`.
 */
export async function buildShards(job: BuildJob, sharding: Sharding): Promise<Manifest | undefined> {
  const spoolFolder = join(job.folder.path, SPOOL_FOLDER);
  await mkdir(spoolFolder);
  const open: Spool[] = [];
  const keep = <T extends Spool | undefined>(spool: T): T => {
    if (spool) open.push(spool);
    return spool;
  };
  try {
    const spooled = await spoolDocuments(job, spoolFolder, keep);
    const embedder = await job.embedder.resolve(spooled.given !== undefined);
    const source = sourceOf(job, {
      embedder,
      vectors: spooled.given && rowsOf(spooled.given),
      sharding: withoutOnly(sharding),
      documents: spooled.documents.sha256,
    });
    if (job.known?.source?.fingerprint === source.fingerprint) return undefined;
    const dimensions = spooled.given?.dimensions ?? embedder?.identity.dimensions;
    if (job.known && dimensions !== undefined) {
      const { shards } = sizeShards(shapeOf(spooled, dimensions), job.settings, job.text, sharding);
      if (shards === 1 && isKnownWhole(job, spooled, embedder)) return undefined;
    }
    const { path, count, given } = spooled;
    const corpus = await spoolCorpus({ count, given }, embedder, {
      path,
      embedFields: job.input.embedFields,
      onProgress: job.options.onProgress,
      vectors: join(spoolFolder, "vectors.f32"),
    });
    if (!given) keep(corpus.spool);
    return await cut(job, sharding, { spooled, corpus, source, embedder, keep, spoolFolder });
  } finally {
    for (const spool of open) spool.close();
    await rm(spoolFolder, { recursive: true, force: true });
  }
}

function shapeOf({ count, documents, hasText }: Spooled, dimensions: number): CorpusShape {
  return { items: count, dimensions, documentBytes: documents.bytes, hasText };
}

/** Whether the artifact in one piece that these documents and settings would make is there already. */
function isKnownWhole(job: BuildJob, { documents, given }: Spooled, embedder: Embedder | undefined): boolean {
  const { fingerprint } = sourceOf(job, { embedder, vectors: given && rowsOf(given) });
  const { known } = job;
  return (
    known?.source?.fingerprint === fingerprint && known.files["documents.jsonl"].sha256 === documents.sha256
  );
}

/** The job of one shard alone makes what the others make too: it is no other index. */
export function withoutOnly({ shards, partition, shardBytes }: Sharding): object {
  return { shards, partition, shardBytes };
}

async function spoolDocuments(
  { folder, input, options }: BuildJob,
  spoolFolder: string,
  keep: <T extends Spool>(spool: T) => T,
): Promise<Spooled> {
  const file = `${SPOOL_FOLDER}/documents.jsonl`;
  const writer = writeDocuments(await folder.createFile(file));
  const vectors: { given?: Spool } = {};
  const { count, hasText } = await gather(input.documents(), {
    writer,
    seen: createIdSet(),
    rowsOf: (dimensions) => {
      vectors.given = keep(createSpool(join(spoolFolder, "vectors.f32"), dimensions));
      return vectors.given;
    },
    onProgress: options.onProgress,
  });
  const documents = await writer.close();
  return { count, hasText, path: join(folder.path, file), documents, given: vectors.given };
}

interface Cutting {
  readonly spooled: Spooled;
  readonly corpus: SpooledCorpus;
  readonly source: ReturnType<typeof sourceOf>;
  readonly embedder: Embedder | undefined;
  readonly keep: <T extends Spool | undefined>(spool: T) => T;
  readonly spoolFolder: string;
}

async function cut(job: BuildJob, sharding: Sharding, cutting: Cutting): Promise<Manifest> {
  const { folder, metric, settings, options } = job;
  const { spooled, corpus, source, keep, spoolFolder } = cutting;
  const { count, hasText, path } = spooled;
  const { onProgress } = options;
  const { shards, cap } = sizeShards(shapeOf(spooled, corpus.dimensions), settings, job.text, sharding);
  if (shards === 1) return inOnePiece(job, cutting);
  onProgress?.({ phase: "partition", done: 0, total: 1000 });
  const curation = await compileCuration(job.curation, path, curationOptions(job));
  const text = await withLanguages(job.text, path, { nItems: count, hasText });
  const plan = await surveyTexts(path, hasText, text);
  const owners = await partitionRows(corpus.spool, {
    ...{ metric, shards, cap, partition: sharding.partition, seed: settings.seed, jobs: settings.jobs },
    onProgress: (share) => onProgress?.({ phase: "partition", done: Math.round(share * 900), total: 1000 }),
  });
  const { fusion: weights } =
    hasText && text.keyword !== false
      ? await calibrate(
          path,
          {
            ...{ metric, embedder: corpus.embedder, nItems: count, seed: settings.seed },
            vectorOf: (item) => {
              const row = new Float32Array(corpus.dimensions);
              corpus.spool.read(item, row);
              return row;
            },
          },
          text,
        )
      : {};
  const fusion = weights ? { fusion: weights } : {};
  const only = sharding.onlyShard;
  const documents = await distributeDocuments(folder, path, owners, shards, only);
  await rm(path);
  const rows = distributeRows(corpus.spool, owners, shards, only, spoolFolder);
  for (const spool of rows) keep(spool);
  onProgress?.({ phase: "partition", done: 1000, total: 1000 });
  const lists = itemsOfShards(owners, shards);
  const shardJob = (shard: number): ShardJob => ({
    ...{ name: job.name, metric, settings, hasText, fusion, shard, shards, source, onProgress },
    text: { ...partOf(text, lists[shard]!), plan },
    items: lists[shard]!,
    spool: rows[shard]!,
    documents: documents[shard]!,
    identity: corpus.identity,
    partition: sharding.partition,
    shardBytes: sharding.shardBytes,
  });
  if (only !== undefined) {
    const { manifest } = await buildShard(folder, { ...shardJob(only), sections: corpus.sections, curation });
    return manifest;
  }
  const built: BuiltShard[] = [];
  for (let shard = 0; shard < shards; shard++) {
    built.push(await buildShard(subfolder(folder, shardFolder(shard)), shardJob(shard)));
  }
  const centroids = built.map((shard) => shard.centroids);
  onProgress?.({ phase: "certify", done: 0, total: 1000 });
  const { certified, ...route } = await certifyWhole(
    built.map(({ manifest }, shard) => certifiable(folder, shard, manifest, rows[shard]!)),
    {
      ...{ metric, dimensions: corpus.dimensions, partition: sharding.partition, centroids },
      ...{ target: settings.targetRecall, jobs: settings.jobs },
      onProgress: (share) => onProgress?.({ phase: "certify", done: Math.round(share * 1000), total: 1000 }),
    },
  );
  const manifests = built.map(({ manifest }) => manifest);
  return writeRouter(folder, {
    ...{ name: job.name, metric, dimensions: corpus.dimensions, seed: settings.seed, centroids, certified },
    shards: {
      partition: sharding.partition,
      ...route,
      list: manifests.map(({ version, items, hotBytes }) => ({ version, items, firstItem: 0, hotBytes })),
    },
    embedder: corpus.identity,
    sections: [...corpus.sections, ...curation.sections],
    meta: {
      ...textMetaOf(manifests),
      ...fusion,
      ...curation.meta,
      ...(corpus.cutTexts !== undefined && { cutTexts: corpus.cutTexts }),
    },
    source,
  });
}

/** The settings of one shard: the languages of its own documents. */
function partOf(text: TextOptions, items: Uint32Array): TextOptions {
  const { keyword } = text;
  if (typeof keyword !== "object" || !keyword.languages) return text;
  const { list, of, told } = keyword.languages;
  const own = (all: Uint8Array) => Uint8Array.from(items, (item) => all[item]!);
  return { ...text, keyword: { ...keyword, languages: { list, of: own(of), told: own(told) } } };
}

/** A shard that was just built, with its rows on disk still. */
function certifiable(
  folder: FolderWriter,
  shard: number,
  { forest, codec }: Manifest,
  spool: Spool,
): Certifiable {
  const { count, dimensions } = spool;
  return {
    count,
    heldOut: pickQueries(count, forest.seed),
    flat: forest.kind === "flat",
    read: (out) => spool.read(0, out),
    pick(list) {
      const rows = new Float32Array(list.length * dimensions);
      for (const [i, row] of list.entries())
        spool.read(row, rows.subarray(i * dimensions, (i + 1) * dimensions));
      return rows;
    },
    bytes: () => readSearchedBytes(join(folder.path, shardFolder(shard), "forest.bin"), codec),
  };
}

/** An ordinary artifact, the same as without shards: one is enough. */
async function inOnePiece(job: BuildJob, { spooled, corpus, embedder }: Cutting): Promise<Manifest> {
  const { folder, name, metric, settings, text, options } = job;
  const { spool, ...carried } = corpus;
  const vectors = sharedFloats(spool.count * spool.dimensions);
  spool.read(0, vectors);
  const curation = await compileCuration(job.curation, spooled.path, curationOptions(job));
  const ids: string[] = [];
  const writer = writeDocuments(await folder.createFile("documents.jsonl"));
  for await (const document of readDocuments(spooled.path)) {
    ids.push(document.id);
    await writer.add(document);
  }
  return writeWhole(folder, {
    ...{ name, metric, settings, text, ids, hasText: spooled.hasText },
    documents: await writer.close(),
    corpus: { ...carried, vectors },
    source: sourceOf(job, { embedder, vectors: spooled.given && vectors }),
    onProgress: options.onProgress,
    curation,
  });
}

function* rowsOf(spool: Spool): Generator<Float32Array> {
  for (const { rows } of spool.blocks()) yield rows;
}
