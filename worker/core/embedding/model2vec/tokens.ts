import { normalise, preTokenise } from "./normalise.ts";
import type { Model2VecTable, TokenIndex, Unigram, WordPiece } from "./table.ts";

/** Two independent 32-bit hashes over UTF-16 code units: tokens are known by both, so no text need be kept. */
const SEED_1 = 0x811c9dc5;
const PRIME_1 = 0x01000193;
const SEED_2 = 0x9747b28c;
const PRIME_2 = 0x5bd1e995;

export function firstHash(text: string): number {
  let hash = SEED_1;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), PRIME_1);
  return hash >>> 0;
}

export function secondHash(text: string): number {
  let hash = SEED_2;
  for (let i = 0; i < text.length; i++) hash = stir(hash, text.charCodeAt(i));
  return hash >>> 0;
}

function stir(hash: number, code: number): number {
  const mixed = Math.imul(hash ^ code, PRIME_2);
  return mixed ^ (mixed >>> 15);
}

/** Position of the token with these hashes, -1 when there is none. */
export function findToken({ first, second }: TokenIndex, hash1: number, hash2: number): number {
  let low = 0;
  let high = first.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (first[middle]! < hash1) low = middle + 1;
    else high = middle;
  }
  for (; low < first.length && first[low] === hash1; low++) if (second[low] === hash2) return low;
  return -1;
}

/** Positions of the tokens of `text`, in order, as Hugging Face's tokenizers find them, unknown words left out. */
export function tokenise(table: Model2VecTable, text: string): number[] {
  const bounded = text.length > table.maxCharacters ? text.slice(0, table.maxCharacters) : text;
  const found: number[] = [];
  addTokens(table, bounded, table.maxTokens, found);
  return found;
}

/** Appends the positions of the tokens of `text` until `found` has `limit` of them. */
export function addTokens(index: TokenIndex, text: string, limit: number, found: number[]): void {
  const { model } = index;
  for (const piece of preTokenise(normalise(text, index.normalise), index.preTokenise)) {
    if (found.length >= limit) break;
    const begun = found.length;
    if (model.type === "unigram") cutBest(index, model, piece, found);
    else if (!cutWord(index, model, piece, found)) {
      found.length = begun;
      if (model.unknown !== undefined) found.push(model.unknown);
    }
  }
  if (found.length > limit) found.length = limit;
}

/** WordPiece: the longest known piece again and again; false when a word cannot be cut so. O(length^2). */
function cutWord(table: TokenIndex, model: WordPiece, word: string, found: number[]): boolean {
  let characters = 0;
  for (const _ of word) characters++;
  if (characters > model.maxCharactersPerWord) return false;
  const inner1 = firstHash(model.continuing);
  const inner2 = secondHash(model.continuing);
  for (let start = 0; start < word.length; ) {
    let hash1 = start === 0 ? SEED_1 : inner1;
    let hash2 = start === 0 ? SEED_2 : inner2;
    let best = -1;
    let end = start;
    for (let i = start; i < word.length; i++) {
      const code = word.charCodeAt(i);
      hash1 = Math.imul(hash1 ^ code, PRIME_1);
      hash2 = stir(hash2, code);
      const token = findToken(table, hash1 >>> 0, hash2 >>> 0);
      if (token < 0) continue;
      best = token;
      end = i + 1;
    }
    if (best < 0) return false;
    found.push(best);
    start = end;
  }
  return true;
}

/** Unigram: the pieces of the highest total score (Viterbi). Runs of unknown characters are one unknown token. */
function cutBest(table: TokenIndex, model: Unigram, piece: string, found: number[]): void {
  const { length } = piece;
  const score = new Float64Array(length + 1).fill(Number.NEGATIVE_INFINITY);
  const token = new Int32Array(length + 1).fill(-1);
  const from = new Int32Array(length + 1);
  score[0] = 0;
  for (let start = 0; start < length; ) {
    const width = piece.codePointAt(start)! > 0xffff ? 2 : 1;
    const base = score[start]!;
    let hash1 = SEED_1;
    let hash2 = SEED_2;
    let single = false;
    const last = Math.min(length, start + model.longest);
    for (let end = start + 1; end <= last; end++) {
      const code = piece.charCodeAt(end - 1);
      hash1 = Math.imul(hash1 ^ code, PRIME_1);
      hash2 = stir(hash2, code);
      const position = findToken(table, hash1 >>> 0, hash2 >>> 0);
      if (position < 0) continue;
      if (end - start === width) single = true;
      const candidate = base + table.scores[position]!;
      if (candidate > score[end]!) {
        score[end] = candidate;
        token[end] = position;
        from[end] = start;
      }
    }
    const next = start + width;
    if (!single && base + model.unknownScore > score[next]!) {
      score[next] = base + model.unknownScore;
      token[next] = -1;
      from[next] = start;
    }
    start = next;
  }
  const backwards: number[] = [];
  let unknownRun = false;
  for (let end = length; end > 0; end = from[end]!) {
    const position = token[end]!;
    if (position >= 0) backwards.push(position);
    else if (!unknownRun && model.unknown >= 0) backwards.push(model.unknown);
    unknownRun = position < 0;
  }
  for (let i = backwards.length - 1; i >= 0; i--) found.push(backwards[i]!);
}
