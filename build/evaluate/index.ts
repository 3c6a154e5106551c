export {
  type Comparison,
  type EvaluateOptions,
  type Evaluation,
  evaluate,
  type ModeEvaluation,
} from "./evaluate.ts";
export { type Judgements, meanScores, type Scores, scoreRanking } from "./metrics.ts";
export { type JudgedQuery, readJudgedQueries } from "./queries.ts";
