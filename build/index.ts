/**
 * The library: the functions behind the commands, under the commands' names.
 *
 * ```ts
 * import { build, query } from "annoy-edge";
 * await build({ source: "docs", out: "artifacts/docs" });
 * const { hits } = await query("artifacts/docs", { query: "how do I roll back?" });
 * ```
 */
export type { Embedder } from "../worker/core/embedding/types.ts";
export { ANNOY_LAYOUTS } from "../worker/core/format/annoy.ts";
export {
  CODECS,
  type Codec,
  METRICS,
  type Metric,
  type RescoreCodec,
} from "../worker/core/format/constants.ts";
export { AnnoyEdgeError, ArtifactError } from "../worker/core/format/errors.ts";
export type { Document, EmbedderIdentity, Manifest } from "../worker/core/format/meta.ts";
export { SearchError } from "../worker/core/format/search-error.ts";
export type { SearchInput, SearchResponse } from "../worker/core/search/types.ts";
export type { SuggestResponse } from "../worker/core/search/words/suggest.ts";
export type { SuggestInput } from "../worker/core/search/words/suggest-schema.ts";
export { AnnoyIndex, AnnoyIndexError, type AnnoyIndexOptions } from "./annoy/annoy-index.ts";
export type { AnnoyDocument } from "./annoy/documents.ts";
export { AnnoyFileError } from "./annoy/errors.ts";
export { type ExportAnnoyOptions, type ExportAnnoyResult, exportAnnoy } from "./annoy/export.ts";
export { type ImportAnnoyOptions, type ImportOptions, importAnnoy } from "./annoy/import.ts";
export type { InputDocument } from "./artifact/collect.ts";
export type { BuildResult } from "./artifact/folder.ts";
export { type UpdateOptions, type UpdateResult, update } from "./changes/update.ts";
export type { EmbedderOptions } from "./embedding/build-embedder.ts";
export {
  type ImportEncoderOptions,
  type ImportEncoderResult,
  importEncoder,
} from "./embedding/encoder/import.ts";
export type { EmbedderSetting, EmbedderSpec } from "./embedding/providers/index.ts";
export { type EvaluateOptions, type Evaluation, evaluate } from "./evaluate/evaluate.ts";
export type { JudgedQuery } from "./evaluate/queries.ts";
export type { Documents, InputOptions } from "./job/input.ts";
export {
  type ExportLangchainOptions,
  exportLangchain,
  importLangchain,
  LangchainFolderError,
} from "./langchain/folder/index.ts";
export { type OpenLocalOptions, openLocalIndex } from "./local/local-index.ts";
export { query, suggest } from "./local/query.ts";
export type { LocalIndex } from "./local/types.ts";
export { type BuildOptions, build } from "./pipeline/build.ts";
export {
  type Config,
  defaultOut,
  defineConfig,
  type LoadedConfig,
  loadConfig,
  withConfiguredEmbedder,
} from "./pipeline/config.ts";
export type { GoldenQuery } from "./pipeline/golden.ts";
export {
  type InsightsOptions,
  type InsightsResult,
  insights,
  type KeepQueriesOptions,
  type KeptQueries,
  keepQueries,
} from "./pipeline/insights.ts";
export { type InspectedSection, type InspectedShard, type Inspection, inspect } from "./pipeline/inspect.ts";
export {
  gc,
  type NamedTargetOptions,
  type PublishDirOptions,
  type PublishedVerification,
  publish,
  restore,
  rollback,
  type TargetOptions,
  verifyPublished,
  versions,
} from "./pipeline/publishing.ts";
export {
  type GoldenOptions,
  type GoldenResult,
  golden,
  type RebuildOptions,
  type RebuildResult,
  rebuild,
} from "./pipeline/rebuild.ts";
export { type Check, type Verification, type VerifyOptions, verify } from "./pipeline/verify.ts";
export { type WatchOptions, watch } from "./pipeline/watch.ts";
export { type Plan, type PlanOptions, plan } from "./plan/plan.ts";
export { type InitOptions, type InitResult, init } from "./project/init.ts";
export { TEMPLATES, type Template } from "./project/templates.ts";
export { type SignedToken, type TokenOptions, token } from "./project/token.ts";
export type { GcResult, PublishResult, RestoreResult, RollbackResult, VersionInfo } from "./publish/index.ts";
export { OptionError } from "./settings/errors.ts";
export { indexName, servedName, servedNames } from "./settings/names.ts";
export type { ForestOptions } from "./settings/options.ts";
export type { Progress } from "./settings/progress.ts";
export { type AssembleOptions, type AssembleResult, assemble } from "./sharding/assemble.ts";
export type { ShardOptions } from "./sharding/options.ts";
export { REASONS, type SiteReport } from "./site/report.ts";
export { surveySite } from "./site/survey.ts";
export { CSV_TYPES, SourceError } from "./sources/index.ts";
export { CHUNK_UNITS, type ChunkUnit, SPLITTERS, type SplitterName } from "./splitting/index.ts";
export type { CurationInput } from "./text/curation/schema.ts";
export type { TextOptions } from "./text/options.ts";
