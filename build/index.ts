/**
 * The library: the functions behind the commands, under the commands' names.
 *
 * ```ts
 * import { build, query } from "annoy-edge";
 * await build({ source: "docs/**\/*.md", out: "artifacts/docs" });
 * const { hits } = await query("artifacts/docs", { query: "how do I roll back?" });
 * ```
 */
export { AnnoyEdgeError, ArtifactError } from "../worker/format/errors.ts";
export type { Document, Manifest } from "../worker/format/meta.ts";
export type { SearchInput, SearchResponse } from "../worker/search/types.ts";
export type { Progress } from "./forest/types.ts";
export { type BuildOptions, type BuildResult, build } from "./pipeline/build.ts";
export type { InputDocument } from "./pipeline/collect.ts";
export { OptionError } from "./pipeline/errors.ts";
export { type LocalIndex, openLocalIndex } from "./pipeline/local.ts";
export { query } from "./pipeline/query.ts";
