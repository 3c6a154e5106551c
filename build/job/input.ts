import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import type { InputDocument } from "../artifact/collect.ts";
import type { BuildEmbedder } from "../embedding/build-embedder.ts";
import { textToEmbed } from "../embedding/documents.ts";
import { messageOf, OptionError } from "../settings/errors.ts";
import { requireText, requireTexts } from "../settings/options.ts";
import { readSite } from "../site/read.ts";
import type { SiteReport } from "../site/report.ts";
import { siteBase } from "../site/urls.ts";
import { CSV_TYPES, type CsvTypes, readSources, type SourceDocument } from "../sources/index.ts";
import {
  type Chunk,
  type ChunkTokens,
  checkSplitting,
  type SplitOptions,
  splitDocuments,
} from "../splitting/index.ts";

export type Documents = AsyncIterable<InputDocument> | Iterable<InputDocument>;

/** Sources of documents, and their splitting. */
export interface InputOptions extends SplitOptions {
  /** Files (`.jsonl`, `.csv`, `.txt`, `.md`, `.mdx`, `.html`), folders and globs. */
  readonly source?: string | readonly string[];
  /** A folder of built HTML (or of Markdown and MDX), or the address of a sitemap: pages, cut at their headings. */
  readonly site?: string;
  /** Address of the site, put before its paths; default `/`. */
  readonly baseUrl?: string;
  /** Reads what symbolic links in a folder lead to outside of it; an error otherwise. */
  readonly followLinks?: boolean;
  /** Writes `llms.txt` and `llms-full.txt` into the folder of the site. */
  readonly llms?: boolean;
  /** File or address of a page of the site that the report explains. */
  readonly explain?: string;
  /** Receives what became of the pages of the site, when all are read. */
  readonly onReport?: (report: SiteReport) => void;
  /** Receives a sentence for each file of which something is left out. */
  readonly onNote?: (note: string) => void;
  /** Metadata fields that are embedded in front of the text; default: none, of a site its titles and headings. */
  readonly embedFields?: readonly string[];
  /** `strings` leaves the cells of CSV text; `auto`, the default, reads columns of numbers and of truth values as such. */
  readonly csvTypes?: CsvTypes;
  /** Documents instead of files, or after them: what any LangChain loader loads fits.Split only with `splitter`. */
  readonly documents?: Documents | (() => Documents | Promise<Documents>);
}

export interface Input {
  /** The documents to index, read as they are asked for. */
  documents(tokens?: ChunkTokens): AsyncGenerator<InputDocument>;
  /** Whether `documents` needs the encoder's tokens. */
  readonly countsTokens: boolean;
  /** Notes for the manifest. */
  readonly notes: Readonly<Record<string, unknown>>;
  readonly embedFields: readonly string[];
}

/** Fields of a site's sections that are embedded in front of the text. */
export const SITE_FIELDS = ["title", "headings", "heading"] as const;

/** Checks the settings and prepares reading; nothing is read yet. @throws OptionError */
export function inputOf(options: InputOptions): Input {
  const { documents, site, baseUrl, embedFields, csvTypes } = options;
  requireText("site", site);
  requireText("baseUrl", baseUrl);
  requireText("explain", options.explain);
  requireTexts("embedFields", embedFields);
  if (csvTypes !== undefined && !CSV_TYPES.includes(csvTypes)) {
    throw new OptionError(`csvTypes must be one of ${CSV_TYPES.join(", ")}.`);
  }
  siteBase(baseUrl);
  if (options.llms && (!site || /^https?:/i.test(site))) {
    throw new OptionError("llms writes into the folder of a site: give the folder as site.");
  }
  const sources = typeof options.source === "string" ? [options.source] : (options.source ?? []);
  // An empty path is the working directory to the system: of a variable that was never set, all of it would be read.
  requireTexts("source", sources);
  if (sources.length === 0 && documents === undefined && !site) {
    throw new OptionError("source is missing: the files, folders or globs to read, or a site.");
  }
  if (documents !== undefined && typeof documents !== "function" && !isIterable(documents)) {
    throw new OptionError("documents is neither an iterable (async or not) nor a function that gives one.");
  }
  const { splitter, chunkUnit, chunkSize, chunkOverlap, rows } = checkSplitting(options);
  const countsTokens = chunkUnit === "tokens" && splitter !== "none";
  return {
    documents: (tokens) => splitDocuments(read(sources, options), options, tokens),
    countsTokens,
    notes: {
      ...(splitter === "none"
        ? { splitter }
        : { splitter, ...(countsTokens && { chunkUnit }), chunkSize, chunkOverlap, ...(rows && { rows }) }),
      ...(site && { site: baseUrl ?? "/" }),
      // What an update needs to treat documents as this build does.
      ...(embedFields && { embedFields }),
      ...(csvTypes && { csvTypes }),
    },
    embedFields: embedFields ?? (site ? SITE_FIELDS : []),
  };
}

/** Returns the input; where chunks are counted in tokens, with documents cut so that the embedder reads them whole. */
export async function countedBy(input: Input, embedder: BuildEmbedder): Promise<Input> {
  if (!input.countsTokens) return input;
  const { maxTokens, countTokens } = await embedder.tokenCounter();
  const textBefore = ({ metadata }: Chunk) => textToEmbed({ metadata, pageContent: "" }, input.embedFields);
  return { ...input, documents: () => input.documents({ maxTokens, countTokens, textBefore }) };
}

async function* read(sources: readonly string[], options: InputOptions): AsyncGenerator<SourceDocument> {
  const { documents, site, onNote } = options;
  if (site) yield* readSite(site, options);
  if (sources.length > 0) {
    yield* readSources(sources, {
      ...options,
      onNote: ({ source }, note) => onNote?.(`${source}: ${note}`),
    });
  }
  if (documents === undefined) return;
  try {
    const given = typeof documents === "function" ? await documents() : documents;
    if (!isIterable(given)) throw new OptionError("documents gave something that is not iterable.");
    for await (const document of given) {
      // collect() checks every field of a document; here it only needs to be an object that can be taken apart.
      yield { ...(document as SourceDocument), kind: "row" };
    }
  } catch (cause) {
    // What fails while a document is being indexed does not come by here.
    if (cause instanceof AnnoyEdgeError) throw cause;
    const message = `documents could not be read: ${messageOf(cause)}`;
    throw new AnnoyEdgeError("DOCUMENTS_FAILED", message, { cause });
  }
}

function isIterable(value: unknown): value is Documents {
  return (
    typeof value === "object" && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value)
  );
}
