import { join } from "node:path";
import { sectionName } from "../../worker/core/format/artifact.ts";
import { SECTIONS, type SectionName } from "../../worker/core/format/constants.ts";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import type { ArtifactHeader } from "../../worker/core/format/header.ts";
import { shardFolder } from "../../worker/core/format/keys.ts";
import type { ArtifactMeta, BaseMeta, Manifest, ShardChanges } from "../../worker/core/format/meta.ts";
import { readManifest } from "../artifact/folder.ts";
import { BASE_FOLDER } from "../artifact/version.ts";
import { openForestFile } from "../local/local-index.ts";

export interface InspectedSection {
  readonly name: string;
  readonly hot: boolean;
  readonly offset: number;
  readonly bytes: number;
  /** XXH32 as the section table has it, 8 hex digits. */
  readonly checksum: string;
}

export interface InspectedShard {
  readonly shard: number;
  readonly version: string;
  readonly items: number;
  /** Bytes that it keeps in memory. */
  readonly hotBytes: number;
  readonly certified: ArtifactMeta["certified"];
  readonly documentBytes: number;
  /** Changes on top of it. */
  readonly changes?: ShardChanges;
}

/** Content of `forest.bin`. */
export interface Inspection {
  readonly name: string;
  readonly version: string;
  readonly header: ArtifactHeader;
  readonly sections: readonly InspectedSection[];
  readonly forest: ArtifactMeta["forest"];
  readonly certified: ArtifactMeta["certified"];
  readonly embedder: ArtifactMeta["embedder"];
  /** Path of a query: a scan of every code, or the trees. */
  readonly answeredBy: "flat scan" | "forest";
  /** Bytes of forest structure (nodes, leaves, centroids) an item a tree; 0 for a flat scan. */
  readonly bytesPerItemAndTree: number;
  /** Sum over all shards, where there are some. */
  readonly documents: { readonly bytes: number };
  /** The base, where these are changes on top of one: header, sections and forest are the changes'. */
  readonly base?: BaseMeta & { readonly hotBytes: number };
  /** Shards of an index that has some. */
  readonly shards?: readonly InspectedShard[];
  readonly source: ArtifactMeta["source"];
  readonly manifest: Manifest;
}

/** Sections of a forest: everything that a flat scan does without. */
const STRUCTURE: readonly SectionName[] = [
  "nodes",
  "roots",
  "centroids",
  "leafItems",
  "annoyNodes",
  "annoyRoots",
];

/**
 * Describes an artifact from its hot part: sections, forest, certified recall, embedder. Whether all of it is sound
 * is `verify`'s business.
 *
 * @throws AnnoyEdgeError `NOT_AN_ARTIFACT`; ArtifactError
 */
export async function inspect(dir: string): Promise<Inspection> {
  const manifest = await readManifest(dir);
  const { header, sections, meta } = await openForestFile(dir, "hot");
  const kinds = STRUCTURE.map((name): number => SECTIONS[name]);
  const structure = sections.filter((s) => kinds.includes(s.kind));
  const forestBytes = structure.reduce((sum, s) => sum + s.length, 0);
  const shards = meta.shards && (await inspectShards(dir, meta));
  const documentBytes = manifest.files["documents.jsonl"].bytes;
  return {
    name: meta.name,
    version: manifest.version,
    header,
    sections: sections.map((s) => ({
      name: sectionName(s.kind),
      hot: s.hot,
      offset: s.offset,
      bytes: s.length,
      checksum: s.checksum.toString(16).padStart(8, "0"),
    })),
    forest: meta.forest,
    certified: meta.certified,
    embedder: meta.embedder,
    answeredBy: header.forestKind === "flat" ? "flat scan" : "forest",
    bytesPerItemAndTree: header.nTrees === 0 ? 0 : forestBytes / (header.nTrees * Math.max(1, header.nSlots)),
    documents: { bytes: (shards ?? []).reduce((sum, shard) => sum + shard.documentBytes, documentBytes) },
    ...(shards && { shards }),
    ...(meta.base && { base: await inspectBase(dir, meta.base) }),
    source: meta.source,
    manifest,
  };
}

/** @throws AnnoyEdgeError `NOT_AN_ARTIFACT`, `BASE_MISMATCH` */
async function inspectBase(dir: string, base: BaseMeta) {
  const folder = join(dir, BASE_FOLDER);
  const { version, hotBytes } = await readManifest(folder);
  if (version !== base.version) {
    throw new AnnoyEdgeError(
      "BASE_MISMATCH",
      `${folder} has version ${version}; the changes are on top of ${base.version}. Build the index anew.`,
    );
  }
  return { ...base, hotBytes };
}

/** @throws AnnoyEdgeError `NOT_AN_ARTIFACT` for a shard that is not there, `SHARD_MISMATCH` for another one in its place */
async function inspectShards(
  dir: string,
  { shards, base }: Pick<ArtifactMeta, "shards" | "base">,
): Promise<InspectedShard[]> {
  return Promise.all(
    (shards?.list ?? []).map(async ({ version, items, hotBytes, changes }, shard) => {
      const whole = base ? join(dir, BASE_FOLDER) : dir;
      const own = await readShard(join(whole, shardFolder(shard)), version);
      const top = changes && (await readShard(join(dir, shardFolder(shard)), changes.version));
      const { certified } = top ?? own;
      const documentBytes = [own, top].reduce(
        (sum, part) => sum + (part?.files["documents.jsonl"].bytes ?? 0),
        0,
      );
      return {
        ...{ shard, version, items, hotBytes, certified, documentBytes },
        ...(changes && { changes }),
      };
    }),
  );
}

async function readShard(folder: string, expected: string): Promise<Manifest> {
  const manifest = await readManifest(folder);
  if (manifest.version === expected) return manifest;
  throw new AnnoyEdgeError(
    "SHARD_MISMATCH",
    `${folder} has version ${manifest.version}; the index was put together with ${expected}. Build or assemble it again.`,
  );
}
