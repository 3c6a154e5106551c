import { AnnoyEdgeError } from "../../../build/index.ts";
import { textsOf } from "../../../build/keyword/collect.ts";
import { openLocalIndex } from "../../../build/local/local-index.ts";
import { createRandom } from "../../../build/numeric/random.ts";
import { termText } from "../../../worker/core/keyword/dictionary.ts";
import { checkLanguage } from "../../../worker/core/keyword/languages.ts";
import { keywordSearch } from "../../../worker/core/keyword/search.ts";
import { tokenize } from "../../../worker/core/keyword/tokenize.ts";

export interface TypoResult {
  readonly words: number;
  /** Share of the misspelled words that found a document with the word among the first ten. */
  readonly found: number;
}

const LETTERS = "abcdefghijklmnopqrstuvwxyz";
const WORD = /^[a-z]{3,}$/;

/**
 * Misspells random words of the keyword index by one edit (a letter too many, too few, wrong, or swapped with its
 * neighbour), asks for each alone, and looks for the word in the first ten documents.
 *
 * @throws AnnoyEdgeError `NO_KEYWORD_INDEX`
 */
export async function measureTypos(dir: string, wanted = 1000): Promise<TypoResult> {
  const index = await openLocalIndex(dir);
  try {
    const { keyword, manifest } = index;
    if (!keyword || !manifest.keyword) {
      throw new AnnoyEdgeError("NO_KEYWORD_INDEX", `${dir} was built without a keyword index.`);
    }
    const language = checkLanguage(manifest.keyword.language);
    const fields = Object.keys(manifest.keyword.fields);
    const random = createRandom(3);
    let words = 0;
    let found = 0;
    for (let tries = 0; words < wanted && tries < 20 * wanted; tries++) {
      const word = termText(keyword.dictionary, Math.floor(random() * keyword.dictionary.nTerms));
      if (!WORD.test(word)) continue;
      const { items } = keywordSearch(keyword, misspell(word, random), { k: 10 });
      words++;
      const documents = await index.docstore.getItems(items);
      const holds = documents.some(
        (document) =>
          document &&
          fields.some((field) =>
            textsOf(document, field).some((text) =>
              tokenize(text, language).some(({ term }) => term === word),
            ),
          ),
      );
      if (holds) found++;
    }
    return { words, found: words === 0 ? 0 : found / words };
  } finally {
    await index.close();
  }
}

/** The word with one edit, never itself. */
function misspell(word: string, random: () => number): string {
  for (;;) {
    const at = Math.floor(random() * word.length);
    const letter = LETTERS[Math.floor(random() * LETTERS.length)]!;
    const [head, own, tail] = [word.slice(0, at), word[at]!, word.slice(at + 1)];
    const next = tail[0] ?? "";
    const edits = [
      head + letter + own + tail,
      head + tail,
      head + letter + tail,
      head + next + own + tail.slice(1),
    ];
    const edited = edits[Math.floor(random() * edits.length)]!;
    if (edited !== word && edited !== "") return edited;
  }
}
