import { join } from "node:path";
import { openArtifact } from "../../worker/core/format/artifact.ts";
import type {
  BaseMeta,
  ColumnMeta,
  KeywordMeta,
  Manifest,
  ManifestFile,
  StoredDocument,
} from "../../worker/core/format/meta.ts";
import type { WordTotals } from "../../worker/core/keyword/totals.ts";
import { openChanged } from "../../worker/core/search/changes/open-changed.ts";
import { type LoadedIndex, openIndex } from "../../worker/core/search/loaded-index.ts";
import { writeDocuments } from "../artifact/documents.ts";
import type { FolderWriter } from "../artifact/folder.ts";
import { type BuiltForest, encodeDraft, metaOf, writeArtifact } from "../artifact/folder-files.ts";
import type { SectionSource } from "../artifact/layout.ts";
import { buildForest } from "../forest/build-forest.ts";
import { FLAT_COORDINATES } from "../forest/sizing.ts";
import type { LocalIndex } from "../local/types.ts";
import { bytesOf } from "../numeric/arrays.ts";
import type { ForestSettings } from "../settings/options.ts";
import type { Progress } from "../settings/progress.ts";
import { indexTexts } from "../text/sections.ts";
import { certifyChanges, measureDrift } from "./measure.ts";
import { type BaseTexts, removedTerms, textOptionsLike } from "./texts.ts";

export interface ChangeParts {
  readonly base: LocalIndex;
  readonly baseDir: string;
  readonly documents: readonly StoredDocument[];
  /** Items of the base that are gone, ascending. */
  readonly removed: readonly number[];
  /** Vectors of the documents, row by row. */
  readonly vectors: Float32Array<SharedArrayBuffer>;
  readonly jobs: number;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** Absent for an index in one piece. */
  readonly shard?: ShardParts;
}

/** Facts about the whole index, for the changes of one of its shards. */
export interface ShardParts {
  /** Numbers of the added documents among those of the shard: see section `shardItems`. */
  readonly items: Uint32Array;
  readonly columns: readonly ColumnMeta[];
  /** Whether a field holds days. */
  readonly isDays: (field: string) => boolean;
  /** Frequencies of words among all documents; absent where shards score words by their own. */
  readonly totals?: WordTotals | undefined;
}

/** Writes the artifact of changes on top of a base into a folder: documents, `forest.bin` and manifest. */
export async function writeChanges(
  folder: Pick<FolderWriter, "path" | "createFile">,
  parts: ChangeParts,
): Promise<Manifest> {
  const { base, baseDir, documents: changed, removed, vectors, shard, onProgress } = parts;
  const file = writeDocuments(await folder.createFile("documents.jsonl"));
  for (const [item, { id, pageContent, metadata }] of changed.entries())
    await file.add({ item, id, pageContent, metadata });
  const documents = await file.close();
  const path = join(folder.path, "documents.jsonl");
  const { metric, dimensions } = base.forest;
  const built = await buildForest(
    { vectors, dimensions, metric },
    forestLike(base.manifest, parts, vectors.length),
  );
  const texts = await indexTexts(
    path,
    { nItems: changed.length, hasText: true },
    await textOptionsLike(columnsLike(base, shard), path, changed.length),
  );
  const sections: SectionSource[] = [
    {
      name: "removedItems",
      hot: true,
      critical: true,
      bytes: bytesOf(Uint32Array.from(removed)),
    },
    ...(await removedTerms(baseDir, removed, base.manifest.keyword)),
    ...(shard ? [{ name: "shardItems", hot: true, bytes: bytesOf(shard.items) } as const] : []),
    ...texts.sections,
  ];
  const ids = changed.map(({ id }) => id);
  const added = { built, ids, documents, sections, removed: removed.length, totals: shard?.totals };
  const described = describe(base, added, onProgress);
  return writeArtifact(folder, { ...described, built, ids, documents, sections });
}

function columnsLike({ manifest, columns }: LocalIndex, shard: ShardParts | undefined): BaseTexts {
  const { keyword, columns: own = [] } = manifest;
  return {
    keyword,
    columns: shard?.columns ?? own,
    isDays: shard?.isDays ?? ((field) => columns?.byField.get(field)?.days === true),
  };
}

/** Settings of the changes' forest: vectors as exact as the base's finest, and trees where a scan would take long. */
function forestLike(
  { codec, rescore, forest, certified, metric }: Manifest,
  { jobs, onProgress }: ChangeParts,
  coordinates: number,
): ForestSettings {
  // Sketches are made for trees; few vectors are scanned by what stands behind the base's.
  const isSketched = codec === "binary" && metric !== "hamming";
  return {
    // A walk of all leaves, as a small index has by default, costs too much beside the base's.
    trees: coordinates > FLAT_COORDINATES ? 1 : "auto",
    targetRecall: certified.target,
    codec: isSketched ? (rescore === "none" ? "int8" : rescore) : codec,
    rescore: isSketched ? "none" : rescore,
    leafSize: 0,
    seed: forest.seed,
    jobs,
    ...(onProgress && { onProgress }),
  };
}

interface Added {
  readonly built: BuiltForest;
  readonly ids: readonly string[];
  readonly documents: ManifestFile;
  readonly sections: readonly SectionSource[];
  readonly removed: number;
  readonly totals: WordTotals | undefined;
}

/** Facts about base and changes together, measured on the changes before they are written. */
function describe(base: LocalIndex, added: Added, onProgress: ChangeParts["onProgress"]) {
  const { manifest, forest } = base;
  const items = forest.artifact.header.nSlots;
  const before: BaseMeta = {
    version: manifest.version,
    nItems: forest.nItems,
    items,
    added: added.ids.length,
    removed: added.removed,
    drift: { changed: 0 },
  };
  const changes = openChanged(base, inMemory(base, added, before), added.totals).changes!;
  const certified = certifyChanges(changes, manifest.certified, onProgress);
  const whole = changes.keywords?.whole;
  const count = items - added.removed + added.ids.length;
  const keyword: KeywordMeta | undefined = manifest.keyword && {
    ...manifest.keyword,
    // All documents of all shards are the whole's.
    documents: added.totals ? count : (whole?.collectionDocuments ?? 0),
    averageLength: whole?.averageLength ?? 0,
  };
  const { source, columns, fusion } = manifest;
  return {
    name: manifest.name,
    embedder: manifest.embedder,
    items: count,
    certified,
    meta: {
      ...(keyword && { keyword }),
      ...(columns && { columns }),
      ...(fusion && { fusion }),
      base: { ...before, drift: measureDrift([changes], [base], items) },
    },
    ...(source && { source }),
  };
}

/** The changes as an index, before their meta is known. */
function inMemory(
  base: LocalIndex,
  { built, ids, sections, documents }: Added,
  before: BaseMeta,
): LoadedIndex {
  const { manifest } = base;
  const draft = { name: manifest.name, built, ids, sections, meta: { base: before } };
  const files = { ...manifest.files, "documents.jsonl": documents };
  return openIndex({
    version: manifest.version,
    manifest: { ...manifest, ...metaOf(draft), files },
    artifact: openArtifact(encodeDraft(draft), { trusted: true }),
    docstore: { getItems: async () => [] },
  });
}
