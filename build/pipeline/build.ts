import { join } from "node:path";
import type { Embedder } from "../../worker/embedding/types.ts";
import type { EmbedderIdentity, Manifest } from "../../worker/format/meta.ts";
import type { SectionSource } from "../artifact/write.ts";
import { embedCorpus, type StaticEmbedder } from "../embedding/index.ts";
import { buildForest } from "../forest/build.ts";
import type { Progress } from "../forest/types.ts";
import { writeArtifact } from "./artifact.ts";
import { type Collected, collect } from "./collect.ts";
import { readDocuments, writeDocuments } from "./documents.ts";
import { type EmbedderOption, resolveEmbedder } from "./embedder.ts";
import { OptionError } from "./errors.ts";
import { beginFolder } from "./folder.ts";
import { type InputOptions, inputOf } from "./input.ts";
import { indexName } from "./names.ts";
import { type ForestOptions, forestSettings } from "./options.ts";
import { buildTextSections, checkText, type TextOptions } from "./text.ts";

/** Everything that `annoy-edge build` takes. */
export interface BuildOptions extends InputOptions, ForestOptions, TextOptions {
  /** The artifact folder to write; one that is there already is replaced when the new one is whole. */
  readonly out: string;
  /** `static` (default), `none` (the documents bring vectors), or any object with LangChain's interface and an identity. */
  readonly embedder?: EmbedderOption;
  /** Name under which it is published; default: `INDEX_NAME` of the wrangler.toml here, else `index`. */
  readonly name?: string;
  /** Kept in the manifest under `source`, as JSON: what the documents are. Part of the artifact's bytes. */
  readonly notes?: Readonly<Record<string, unknown>>;
  readonly onProgress?: (progress: Progress) => void;
}

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
  const name = indexName(options.name);
  const { metric, settings } = forestSettings(options);
  checkText(options);
  const input = inputOf(options);
  const folder = await beginFolder(options.out);
  try {
    const path = join(folder.path, "documents.jsonl");
    const writer = writeDocuments(await folder.createFile("documents.jsonl"));
    const { ids, given, hasText } = await collect(input.documents(), writer, onProgress);
    const documents = await writer.close();
    const embedder = await resolveEmbedder(options.embedder, given !== undefined);
    const corpus = given
      ? givenCorpus(given, embedder)
      : await embedDocuments(embedder, path, ids.length, onProgress);
    const text = await buildTextSections(path, { nItems: ids.length, hasText }, options, onProgress);
    const built = await buildForest(
      { vectors: corpus.vectors, dimensions: corpus.dimensions, metric },
      { ...settings, ...(onProgress && { onProgress }) },
    );
    const manifest = await writeArtifact(folder, {
      name,
      built,
      ids,
      documents,
      embedder: corpus.identity,
      sections: [...corpus.sections, ...text.sections],
      meta: text.meta,
      source: { ...input.notes, ...options.notes },
    });
    await folder.commit();
    return { out: options.out, manifest };
  } catch (error) {
    await folder.discard();
    throw error;
  }
}

interface Corpus {
  readonly vectors: Float32Array<SharedArrayBuffer>;
  readonly dimensions: number;
  readonly identity: EmbedderIdentity | null;
  readonly sections: readonly SectionSource[];
}

/** Vectors that came with the documents. An embedder named beside them made them, and embeds the queries. */
function givenCorpus(given: NonNullable<Collected["given"]>, embedder: Embedder | undefined): Corpus {
  if (!embedder) return { ...given, identity: null, sections: [] };
  const { identity } = embedder;
  if (identity.dimensions !== given.dimensions) {
    throw new OptionError(
      `The documents' vectors have ${given.dimensions} dimensions; the embedder ${identity.provider} (${identity.model}) makes ${identity.dimensions}.`,
    );
  }
  return { ...given, identity, sections: carriedSections(embedder) };
}

/** What the artifact carries of an embedder that needs no service. */
function carriedSections(embedder: Embedder): SectionSource[] {
  // Structural: the static embedder is the only one that shows its table.
  const { tableBytes } = embedder as Partial<StaticEmbedder>;
  return tableBytes ? [{ name: "embeddingTable", hot: true, bytes: tableBytes }] : [];
}

async function embedDocuments(
  embedder: Embedder | undefined,
  path: string,
  total: number,
  onProgress: BuildOptions["onProgress"],
): Promise<Corpus> {
  if (!embedder) {
    throw new OptionError("embedder is none, and the documents have no vectors: nothing to index them by.");
  }
  // Texts are read back from the file they were written to: the total is known, and memory holds one batch of them.
  const corpus = await embedCorpus(embedder, texts(path), { total, onProgress });
  const { identity } = corpus.embedder;
  return { vectors: corpus.vectors, dimensions: identity.dimensions, identity, sections: corpus.sections };
}

async function* texts(path: string): AsyncGenerator<string> {
  for await (const document of readDocuments(path)) yield document.pageContent;
}
