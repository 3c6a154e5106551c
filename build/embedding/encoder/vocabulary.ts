import type { EncoderConfig } from "../../../worker/core/embedding/encoder/config.ts";
import { firstHash, secondHash } from "../../../worker/core/embedding/model2vec/tokens.ts";
import { ModelError } from "../model2vec/errors.ts";
import type { TokenizerParts, VocabularyEntry } from "../model2vec/tokenizer.ts";

/** Penalty below the lowest score for a character that no piece holds, as tokenizers has it. */
const UNKNOWN_PENALTY = 10;
/** Tokens that no text has: their rows are left out. */
const UNUSED = /^\[unused\d+\]$/;

/** The vocabulary in the order of its hashes, which is the order of the token table's rows. */
export interface Vocabulary {
  /** File that the tokens were read from. */
  readonly file: string;
  /** Row in the model's own table of each token. */
  readonly rows: readonly number[];
  readonly first: Uint32Array;
  readonly second: Uint32Array;
  readonly scores: Float32Array;
  readonly model: EncoderConfig["model"];
  readonly start: number;
  readonly end: number;
}

/**
 * Orders a vocabulary. `keep` chooses among the tokens; those that every text needs are always kept.
 *
 * @throws ModelError `BAD_MODEL`
 */
export function orderVocabulary(
  tokenizer: TokenizerParts,
  around: { readonly start: string; readonly end: string },
  keep: (entry: VocabularyEntry) => boolean = () => true,
): Vocabulary {
  const { file, vocabulary, unknown } = tokenizer;
  const needed = (entry: VocabularyEntry): boolean =>
    entry.id === unknown || entry.token === around.start || entry.token === around.end;
  const kept = vocabulary.filter((entry) => needed(entry) || (!UNUSED.test(entry.token) && keep(entry)));
  const entries = kept
    .map((entry) => ({ ...entry, hash1: firstHash(entry.token), hash2: secondHash(entry.token) }))
    .sort((a, b) => a.hash1 - b.hash1 || a.hash2 - b.hash2);
  for (const [i, entry] of entries.entries()) {
    const before = entries[i - 1];
    if (before && entry.hash1 === before.hash1 && entry.hash2 === before.hash2) {
      throw new ModelError(
        "BAD_MODEL",
        `${file} has ${JSON.stringify(entry.token)} and ${JSON.stringify(before.token)}, which cannot be told apart.`,
      );
    }
  }
  const position = (token: string): number => {
    const found = entries.findIndex((entry) => entry.token === token);
    if (found < 0) throw new ModelError("BAD_MODEL", `${file} has no token ${JSON.stringify(token)}.`);
    return found;
  };
  const { model } = tokenizer;
  const unknownPosition = entries.findIndex(({ id }) => id === unknown);
  return {
    file,
    rows: entries.map(({ id }) => id),
    first: Uint32Array.from(entries, ({ hash1 }) => hash1),
    second: Uint32Array.from(entries, ({ hash2 }) => hash2),
    scores: Float32Array.from(model.type === "unigram" ? entries : [], ({ score }) => score),
    model:
      model.type === "wordpiece"
        ? { ...model, ...(unknownPosition >= 0 && { unknown: unknownPosition }) }
        : {
            type: "unigram",
            longest: entries.reduce((most, { token }) => Math.max(most, token.length), 1),
            unknownScore:
              vocabulary.reduce((least, { score }) => Math.min(least, score), 0) - UNKNOWN_PENALTY,
            unknown: unknownPosition,
          },
    start: position(around.start),
    end: position(around.end),
  };
}
