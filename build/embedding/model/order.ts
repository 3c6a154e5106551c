import { firstHash, secondHash } from "../../../worker/core/embedding/model2vec/tokens.ts";
import { ModelError } from "./errors.ts";
import type { VocabularyEntry } from "./tokenizer.ts";

/** Penalty below the lowest score for a character that no piece holds, as tokenizers has it. */
export const UNKNOWN_PENALTY = 10;

/** A token with the hashes that it is found by. */
export interface HashedEntry extends VocabularyEntry {
  readonly hash1: number;
  readonly hash2: number;
}

/**
 * Tokens in the order of their hashes.
 *
 * @param file that they are from, for messages
 * @throws ModelError `BAD_MODEL` when two have the same hashes
 */
export function orderByHash(vocabulary: readonly VocabularyEntry[], file: string): HashedEntry[] {
  const entries = vocabulary
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
  return entries;
}
