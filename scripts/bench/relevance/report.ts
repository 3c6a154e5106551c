import { columns } from "../../cli/describe.ts";
import type { Effort, EffortScores } from "./effort.ts";
import type { ReferenceScores } from "./exact.ts";
import type { WordScores } from "./languages.ts";
import { gainOf, type SetScores } from "./measure.ts";
import type { ParagraphScores } from "./paragraphs.ts";

/** Figures of an embedder on the sets. */
export interface EmbedderScores {
  readonly embedder: string;
  readonly sets: readonly SetScores[];
  /** Gains of both together over the better side. */
  readonly mean: number;
  readonly least: number;
}

const number = (value: number): string => value.toFixed(3);
const meanOf = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;

export function scoresOf(embedder: string, sets: readonly SetScores[]): EmbedderScores {
  const gains = sets.map(gainOf);
  return { embedder, sets, mean: meanOf(gains), least: Math.min(...gains) };
}

/** Words, meaning and both of each set. */
export function describeScores({ embedder, sets, mean, least }: EmbedderScores): string {
  const rows = sets.map((score) => [
    score.set,
    String(score.documents),
    String(score.queries),
    ...[score.words, score.meaning, score.both, gainOf(score)].map(number),
  ]);
  const head = ["set", "documents", "queries", "words", "meaning", "both", "gain"];
  return `${embedder}\n\n${columns([head, ...rows], [0])}\n\n  mean gain ${number(mean)}, least ${number(least)}\n`;
}

/** Both together with the second embedder beside the first. */
export function describeDifference(first: EmbedderScores, second: EmbedderScores): string {
  const rows = first.sets.map(({ set, both }, i) => {
    const other = second.sets[i]!.both;
    return { cells: [set, number(both), number(other), number(other - both)], difference: other - both };
  });
  const head = ["both", first.embedder, second.embedder, "difference"];
  const mean = number(meanOf(rows.map(({ difference }) => difference)));
  return `${columns([head, ...rows.map(({ cells }) => cells)], [0])}\n\n  mean difference ${mean}\n`;
}

/** Vectors beside the reference implementation's. */
export function describeReference(embedder: string, scores: readonly ReferenceScores[]): string {
  const rows = scores.map(({ set, queries, own, reference, cosine, leastCosine }) => [
    set,
    String(queries),
    ...[own, reference, own - reference, cosine, leastCosine].map((value) => value.toFixed(4)),
  ]);
  const head = ["set", "queries", embedder, "float32", "difference", "cosine", "least"];
  return `${columns([head, ...rows], [0])}\n`;
}

/** Vectors at the default searchK beside all there are. */
export function describeEffort(embedder: string, scores: readonly EffortScores[]): string {
  const rows = scores.flatMap(({ set, documents, certified, usual, whole, exact }) => {
    const { recallAt10, texts, defaultSearchK } = certified;
    const figures = ({ recall, ndcg, mrr, milliseconds }: Effort) => [
      ...[recall, ndcg, mrr].map(number),
      `${milliseconds.toFixed(2)} ms`,
    ];
    const stated = [recallAt10, texts?.recallAt10].map((x) => (x === undefined ? "" : number(x)));
    return [
      [set, String(documents), `searchK ${defaultSearchK}`, ...stated, ...figures(usual)],
      ["", "", "whole walk", "", "", ...figures(whole)],
      ["", "", "scan", "", "", ...figures(exact)],
    ];
  });
  const head = ["set", "documents", "", "certified", "of texts", "recall", "nDCG", "MRR", "CPU"];
  return `${embedder}, vectors of the questions\n\n${columns([head, ...rows], [0, 2])}\n`;
}

/** Paragraphs of 300 words beside their parts. */
export function describeParagraphs(embedder: string, scores: readonly ParagraphScores[]): string {
  const rows = scores.map(({ set, paragraphs, whole, parts, best }) => [
    set,
    String(paragraphs),
    ...[whole, Math.max(...parts), meanOf(parts), best].map(number),
  ]);
  const head = ["paragraphs", "queries", "whole", "best part", "mean part", "best of each"];
  return `${embedder}, mean reciprocal rank\n\n${columns([head, ...rows], [0])}\n`;
}

/** Words alone in several ways of indexing, by set. */
export function describeWords({
  sets,
  ways,
}: {
  readonly sets: readonly string[];
  readonly ways: readonly WordScores[];
}): string {
  const rows = ways.map(({ way, ndcg }) => [way, ...[...ndcg, meanOf(ndcg)].map(number)]);
  return `${columns([["words, nDCG@10", ...sets, "mean"], ...rows], [0])}\n`;
}
