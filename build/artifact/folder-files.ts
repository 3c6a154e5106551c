import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { FORMAT_MAJOR, FORMAT_MINOR } from "../../worker/core/format/constants.ts";
import { encodeIds } from "../../worker/core/format/ids.ts";
import type {
  ArtifactMeta,
  CertifiedRecall,
  EmbedderIdentity,
  Manifest,
  ManifestFile,
} from "../../worker/core/format/meta.ts";
import type { FolderWriter } from "./folder.ts";
import { encodeArtifact, type HeaderFields, layOutArtifact, type SectionSource } from "./layout.ts";
import { MANIFEST_FILE, versionOf } from "./version.ts";

/** Everything of an artifact that comes from the vectors. */
export interface BuiltForest {
  readonly header: HeaderFields;
  readonly sections: SectionSource[];
  readonly forest: ArtifactMeta["forest"];
  readonly certified: CertifiedRecall;
}

/** Everything that goes into an artifact folder beside the documents, which are already written there. */
export interface ArtifactParts {
  readonly name: string;
  readonly built: BuiltForest;
  /** Docstore id of every item; undefined for holes. */
  readonly ids: readonly (string | undefined)[];
  /** `documents.jsonl` as it was written to the same folder. */
  readonly documents: ManifestFile;
  readonly embedder: EmbedderIdentity | null;
  /** Sections that do not come from the vectors: embedding table, whitening, columns, keyword index. */
  readonly sections?: readonly SectionSource[];
  /** Entries of the meta about those sections. */
  readonly meta?: Pick<
    ArtifactMeta,
    "keyword" | "columns" | "fusion" | "curation" | "shards" | "cutTexts" | "base"
  >;
  /** Items of the index, where they are not those of the forest: a router's are its shards'. */
  readonly items?: number;
  /** Certified recall, where it is that of more than the forest. */
  readonly certified?: CertifiedRecall;
  /** Notes for people: source, splitter, chunk size. Nothing that differs between two equal builds. */
  readonly source?: Readonly<Record<string, unknown>>;
}

/** Writes `forest.bin` and `manifest.json` into a folder. Pure function of the parts: no clock, no path, no machine. */
export async function writeArtifact(
  folder: Pick<FolderWriter, "path" | "createFile">,
  parts: ArtifactParts,
): Promise<Manifest> {
  const meta = metaOf(parts);
  const { pieces, fileBytes, hotBytes } = layOutArtifact(parts.built.header, sectionsOf(parts, meta));
  const file = await folder.createFile("forest.bin");
  for (const piece of pieces) await file.write(piece);
  const forest = await file.close();
  if (forest.bytes !== fileBytes) throw new Error(`Wrote ${forest.bytes} bytes of ${fileBytes}.`);
  const files = { "forest.bin": forest, "documents.jsonl": parts.documents };
  const manifest: Manifest = {
    format: "annoy-edge",
    formatVersion: `${FORMAT_MAJOR}.${FORMAT_MINOR}`,
    version: versionOf(files),
    ...meta,
    hotBytes,
    files,
  };
  await writeFile(join(folder.path, MANIFEST_FILE), `${JSON.stringify(manifest, null, 2)}\n`, { flag: "wx" });
  return manifest;
}

/** Parts of an artifact that is searched in memory before it is written. */
export type DraftParts = Pick<ArtifactParts, "built"> & Partial<ArtifactParts>;

/** Bytes of `forest.bin` as far as its parts are known. */
export function encodeDraft(parts: DraftParts): Uint8Array {
  return encodeArtifact(parts.built.header, sectionsOf(parts, metaOf(parts)));
}

export function metaOf({ name = "draft", built, ...parts }: DraftParts): ArtifactMeta {
  const { metric, dimensions, nSlots, codec, rescore } = built.header;
  return {
    name,
    metric,
    dimensions,
    items: parts.items ?? nSlots,
    codec,
    rescore,
    forest: built.forest,
    embedder: parts.embedder ?? null,
    certified: parts.certified ?? built.certified,
    ...parts.meta,
    ...(parts.source && { source: parts.source }),
  };
}

function sectionsOf({ built, ids, sections = [] }: DraftParts, meta: ArtifactMeta): SectionSource[] {
  const table = ids && encodeIds(ids);
  return [
    { name: "meta", hot: true, bytes: Buffer.from(JSON.stringify(meta)) },
    ...(table ? [{ name: "ids", hot: true, bytes: table.ids } as const] : []),
    ...(table ? [{ name: "idOrder", hot: true, bytes: table.idOrder } as const] : []),
    ...built.sections,
    ...sections,
  ];
}
