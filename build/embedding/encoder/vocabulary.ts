import type { EncoderConfig } from "../../../worker/core/embedding/encoder/config.ts";
import { ModelError } from "../model/errors.ts";
import { orderByHash, UNKNOWN_PENALTY } from "../model/order.ts";
import type { TokenizerParts, VocabularyEntry } from "../model/tokenizer.ts";

/** Tokens that no text has: their rows are left out. */
const UNUSED = /^\[unused\d+\]$/;

/** Chooses the tokens that are kept. */
export type Keep = (entry: VocabularyEntry) => boolean;

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
  keep: Keep = () => true,
): Vocabulary {
  const { file, vocabulary, unknown } = tokenizer;
  const needed = (entry: VocabularyEntry): boolean =>
    entry.id === unknown || entry.token === around.start || entry.token === around.end;
  const kept = vocabulary.filter((entry) => needed(entry) || (!UNUSED.test(entry.token) && keep(entry)));
  const entries = orderByHash(kept, file);
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
