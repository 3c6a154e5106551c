import { parseFilter } from "../../columns/parse.ts";
import type { StoredDocument } from "../../format/meta.ts";
import { searchError } from "../../format/search-error.ts";
import { textsIn } from "../../keyword/field-texts.ts";
import { parseKeywordQuery } from "../../keyword/query.ts";
import { type Token, tokenize } from "../../keyword/tokenize.ts";
import type { Query } from "../query.ts";
import type { Searcher } from "../searcher.ts";
import { NOTHING_SHOWN } from "./did-you-mean.ts";
import type { Suggestion, SuggestRequest } from "./suggest-schema.ts";

export interface SuggestResponse {
  readonly index: string;
  readonly version: string;
  readonly suggestions: readonly Suggestion[];
}

/** Documents whose titles are looked at. */
const TITLED = 30;
/** A longer field is no title. */
const MAX_TITLE_LENGTH = 120;

/**
 * Completes a text from the titles of documents that hold its words and from the words of the index: titles that begin with
 * it, then phrases by the number of their documents, then other titles with all of its words.
 *
 * @throws SearchError when the filter does not fit the index, or it has no keyword index
 */
export async function suggestWith(searcher: Searcher, request: SuggestRequest): Promise<SuggestResponse> {
  const { index } = searcher;
  if (!index.words) {
    throw searchError("NO_KEYWORD_INDEX", "query", `Index ${index.name} was built without a keyword index.`);
  }
  const { query: text, k, filter } = request;
  const words = parseKeywordQuery(text, index.words.language, true);
  const asked: Query = {
    mode: "keyword",
    searchK: -1,
    words,
    ...(filter !== undefined && { filter: parseFilter(filter) }),
  };
  const completed = await searcher.rank({ ...asked, probe: { kind: "completions", text } }, 1, NOTHING_SHOWN);
  const { titles, written } = await titlesWith(searcher, asked, text);
  const phrases = [...(completed.probed?.completions ?? [])]
    .sort((a, b) => b.documents - a.documents || (a.text < b.text ? -1 : 1))
    .map(
      ({ text, documents }): Suggestion => ({ text: asWritten(text, written), kind: "phrase", documents }),
    );
  const ordered = [
    ...titles.filter(({ begins }) => begins).map(({ suggestion }) => suggestion),
    ...phrases,
    ...titles.filter(({ begins }) => !begins).map(({ suggestion }) => suggestion),
  ];
  const byText = new Map<string, Suggestion>();
  for (const suggestion of ordered) {
    const key = termsOf(suggestion.text).join(" ");
    if (!byText.has(key)) byText.set(key, suggestion);
  }
  return { index: index.name, version: index.version, suggestions: [...byText.values()].slice(0, k) };
}

function termsOf(text: string): string[] {
  return tokenize(text, "none")
    .filter(({ kind }: Token) => kind !== "whole")
    .map(({ term }) => term);
}

interface Title {
  readonly suggestion: Suggestion;
  /** Whether the title begins with the text, and does not only hold its words. */
  readonly begins: boolean;
}

/** The titles of the best documents by words that hold all words of a text, the last one perhaps as the beginning of one. */
async function titlesWith(
  searcher: Searcher,
  query: Query,
  text: string,
): Promise<{ readonly titles: readonly Title[]; readonly written: Written }> {
  const { index } = searcher;
  const fields = Object.keys(index.manifest.keyword?.fields ?? {}).filter((field) => field !== "pageContent");
  const wanted = termsOf(text);
  const last = wanted.pop();
  if (last === undefined) return { titles: [], written: new Map() };
  const { words } = await searcher.rank(query, TITLED, { among: TITLED, documents: true, vectors: false });
  const items = words?.items.slice(0, TITLED) ?? [];
  const [documents, ids] = [await searcher.documents(items), await searcher.ids(items)];
  const whole = [...wanted, last].join(" ");
  const titles = documents.flatMap((document, i) =>
    fields
      .flatMap((field) => (document ? textsIn(document.metadata, field) : []))
      .filter((title) => title.length <= MAX_TITLE_LENGTH)
      .flatMap((title): Title[] => {
        const terms = termsOf(title);
        const holds = wanted.every((term) => terms.includes(term)) && terms.some((t) => t.startsWith(last));
        const suggestion: Suggestion = { text: title, kind: "title", id: ids[i]! };
        return holds ? [{ suggestion, begins: terms.join(" ").startsWith(whole) }] : [];
      }),
  );
  return { titles, written: writtenIn(documents, last) };
}

/** Characters of a document that are looked through for identifiers. */
const MAX_READ = 2_000;
/** Letters that a word shares with a beginning, which may be one of several parts. */
const MIN_START = 3;

/** Words as they are written, by the term that joins their parts: `core.editor` by `coreeditor`. */
type Written = ReadonlyMap<string, string>;

/** Words of documents that begin so, those of several parts as they are written. */
function writtenIn(documents: readonly (StoredDocument | undefined)[], beginning: string): Written {
  const written = new Map<string, string>();
  const texts = documents.map((document) => document?.pageContent.slice(0, MAX_READ) ?? "");
  const start = beginning.slice(0, MIN_START);
  // Few of the words begin so, and most of them are in several documents.
  for (const run of new Set(texts.join(" ").split(/\s+/))) {
    if (!run.toLowerCase().includes(start)) continue;
    for (const { term, kind, ...place } of tokenize(run, "none")) {
      if (!term.startsWith(beginning)) continue;
      if (kind !== "whole") written.set(term, term);
      else if (!written.has(term)) written.set(term, run.slice(place.start, place.end).toLowerCase());
    }
  }
  return written;
}

/** A completed text with its last word as documents write it, where that has several parts. */
function asWritten(text: string, written: Written): string {
  const last = tokenize(text, "none").at(-1);
  return last ? text.slice(0, last.start) + (written.get(last.term) ?? text.slice(last.start)) : text;
}
