import { join } from "node:path";
import type { EmbedderIdentity, Manifest } from "../../worker/format/meta.ts";
import type { SectionSource } from "../artifact/write.ts";
import { buildForest } from "../forest/build.ts";
import type { Progress } from "../forest/types.ts";
import { writeArtifact } from "./artifact.ts";
import { collect, type InputDocument } from "./collect.ts";
import { createDocuments } from "./documents.ts";
import { OptionError } from "./errors.ts";
import { beginFolder } from "./folder.ts";
import { DEFAULT_NAME, type ForestOptions, forestSettings, indexName } from "./options.ts";

/** Everything that `annoy-edge build` takes. */
export interface BuildOptions extends ForestOptions {
  /** Files, folders and globs. */
  readonly source?: string | readonly string[];
  /** Documents instead of, or beside, files: any LangChain loader fits. */
  readonly documents?: Documents | (() => Documents | Promise<Documents>);
  /** The artifact folder to write; one that is there already is replaced when the new one is whole. */
  readonly out: string;
  /** Name of the index, under which it is published; default `index`. */
  readonly name?: string;
  readonly onProgress?: (progress: Progress) => void;
}

export type Documents = AsyncIterable<InputDocument> | Iterable<InputDocument>;

export interface BuildResult {
  /** The artifact folder. */
  readonly out: string;
  readonly manifest: Manifest;
}

/**
 * Documents to artifact: read, split, embed, index, write. The folder at `out` appears (or is replaced) only when it is
 * whole. The same documents, settings and seed give the same bytes, whatever the number of jobs.
 *
 * @throws OptionError for a setting that cannot be, before any work; AnnoyEdgeError otherwise
 */
export async function build(options: BuildOptions): Promise<BuildResult> {
  const { onProgress } = options;
  if (!options.out) throw new OptionError("out is missing: the folder to write the artifact to.");
  const name = indexName(options.name ?? DEFAULT_NAME);
  const { metric, settings } = forestSettings(options);
  const folder = await beginFolder(options.out);
  try {
    const writer = await createDocuments(join(folder.path, "documents.jsonl"));
    const collected = await collect(await documentsOf(options), writer, {
      ...(onProgress && { onProgress }),
    });
    const documents = await writer.close();
    const embedder: EmbedderIdentity | null = null;
    const sections: SectionSource[] = [];
    const built = await buildForest(
      { vectors: collected.vectors, dimensions: collected.dimensions, metric },
      { ...settings, ...(onProgress && { onProgress }) },
    );
    const manifest = await writeArtifact(folder.path, {
      name,
      built,
      ids: collected.ids,
      documents,
      embedder,
      sections,
    });
    await folder.commit();
    return { out: options.out, manifest };
  } catch (error) {
    await folder.discard();
    throw error;
  }
}

async function documentsOf(options: BuildOptions): Promise<Documents> {
  const { documents } = options;
  if (documents) return typeof documents === "function" ? documents() : documents;
  throw new OptionError("source is missing: the files, folders or globs to read.");
}
