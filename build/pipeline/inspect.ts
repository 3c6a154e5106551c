import { join } from "node:path";
import { openArtifact, sectionName } from "../../worker/format/artifact.ts";
import { MAX_SECTIONS, SECTIONS, type SectionName } from "../../worker/format/constants.ts";
import { type ArtifactHeader, decodeHeader, tableEnd } from "../../worker/format/header.ts";
import type { ArtifactMeta, Manifest } from "../../worker/format/meta.ts";
import { readManifest } from "./folder.ts";
import { readWhole } from "./local.ts";

export interface InspectedSection {
  readonly name: string;
  readonly hot: boolean;
  readonly offset: number;
  readonly bytes: number;
  /** XXH32 as the section table has it, 8 hex digits. */
  readonly checksum: string;
}

/** What `forest.bin` says about itself. */
export interface Inspection {
  readonly name: string;
  readonly version: string;
  readonly header: ArtifactHeader;
  readonly sections: readonly InspectedSection[];
  readonly forest: ArtifactMeta["forest"];
  readonly certified: ArtifactMeta["certified"];
  readonly embedder: ArtifactMeta["embedder"];
  /** Which path answers a query: a scan of every code, or the trees. */
  readonly answeredBy: "flat scan" | "forest";
  /** Bytes of forest structure (nodes, leaves, centroids) an item a tree; 0 for a flat scan. */
  readonly bytesPerItemAndTree: number;
  readonly documents: { readonly bytes: number };
  readonly source: ArtifactMeta["source"];
  readonly manifest: Manifest;
}

/** What a forest is made of: everything that a flat scan would do without. */
const STRUCTURE: readonly SectionName[] = [
  "nodes",
  "roots",
  "centroids",
  "leafItems",
  "annoyNodes",
  "annoyRoots",
];

/**
 * What an artifact holds, from its hot part: sections, forest, certified recall, embedder. Whether all of it is sound
 * is `verify`'s business.
 *
 * @throws AnnoyEdgeError `NOT_AN_ARTIFACT`; ArtifactError
 */
export async function inspect(dir: string): Promise<Inspection> {
  const manifest = await readManifest(dir);
  const path = join(dir, "forest.bin");
  const { header: head } = decodeHeader(await readWhole(path, tableEnd(MAX_SECTIONS)));
  const { header, sections, meta } = openArtifact(await readWhole(path, head.hotBytes));
  const kinds = STRUCTURE.map((name): number => SECTIONS[name]);
  const structure = sections.filter((s) => kinds.includes(s.kind));
  const forestBytes = structure.reduce((sum, s) => sum + s.length, 0);
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
    documents: { bytes: manifest.files["documents.jsonl"].bytes },
    source: meta.source,
    manifest,
  };
}
