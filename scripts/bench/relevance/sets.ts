import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import type { JudgedQuery } from "../../../build/evaluate/queries.ts";
import { isLanguage, type Language } from "../../../worker/core/keyword/languages.ts";

/** A collection of documents with queries and judgements. */
export interface JudgedSet {
  readonly name: string;
  readonly language: Language;
  readonly documents: readonly {
    readonly id: string;
    readonly pageContent: string;
    readonly metadata: object;
  }[];
  readonly queries: readonly JudgedQuery[];
}

/** The folders of judged sets below a folder, by name. */
export async function listSets(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries.flatMap((entry) => (entry.isDirectory() ? entry.name : [])).sort();
}

/**
 * Reads `corpus.jsonl` (`id`, `title`, `text`), `queries.jsonl` (`id`, `text`) and `qrels.tsv` (query, document, grade). A
 * document is its title, a line break and its text, with the title in the metadata.
 *
 * @param most queries: every n-th, so that there are no more
 */
export async function readSet(folder: string, most: number): Promise<JudgedSet> {
  const name = basename(folder);
  const grades = new Map<string, Map<string, number>>();
  for (const line of (await readFile(join(folder, "qrels.tsv"), "utf8")).split("\n").slice(1)) {
    const [query, document, grade] = line.trim().split("\t");
    if (!query || !document || !(Number(grade) > 0)) continue;
    const known = grades.get(query) ?? new Map<string, number>();
    grades.set(query, known.set(document, Number(grade)));
  }
  const corpus = await rows(join(folder, "corpus.jsonl"));
  const queries = (await rows(join(folder, "queries.jsonl"))).filter(({ id }) => grades.has(String(id)));
  const step = Math.ceil(queries.length / most);
  return {
    name,
    language: languageOf(name),
    documents: corpus.map(({ id, title, text }) => ({
      id: String(id),
      pageContent: `${title}\n${text}`,
      metadata: { title },
    })),
    queries: queries
      .filter((_, i) => i % step === 0)
      .map(({ id, text }) => ({ query: String(text), relevant: grades.get(String(id))! })),
  };
}

/** The language at the end of a set's name (`xquad-de`); `en` without one, `none` for one without a stemmer. */
function languageOf(name: string): Language {
  const code = /-([a-z]{2})$/.exec(name)?.[1];
  if (code === undefined) return "en";
  return isLanguage(code) ? code : "none";
}

async function rows(path: string): Promise<Record<string, unknown>[]> {
  const lines = (await readFile(path, "utf8")).split("\n");
  return lines.filter((line) => line.trim() !== "").map((line) => JSON.parse(line));
}
