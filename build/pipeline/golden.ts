import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import { SearchError } from "../../worker/core/format/search-error.ts";
import { parseSearchRequest } from "../../worker/core/search/parse.ts";
import { search } from "../../worker/core/search/search.ts";
import type { SearchInput } from "../../worker/core/search/types.ts";
import { type EmbedderSetting, queryEmbedderOf } from "../embedding/providers/index.ts";
import { openLocalIndex } from "../local/local-index.ts";
import type { LocalIndex } from "../local/types.ts";
import type { GateFailure, PublishStore } from "../publish/index.ts";
import { OptionError } from "../settings/errors.ts";
import { type PublishedVersion, withFolderOf } from "./version-folder.ts";

/** Hits among which a golden query looks. */
const DEFAULT_K = 10;

/** A search whose answer is known: the gate in front of readers. */
export interface GoldenQuery extends Pick<SearchInput, "query" | "mode" | "filter"> {
  /** Docstore ids, one or several, that must be among the first `k` (default 10). */
  readonly expect: string | readonly string[];
  readonly k?: number;
}

/** Types are gone when a configuration is read. @throws OptionError */
export function checkGolden(golden: unknown): void {
  if (golden === undefined) return;
  const text = (value: unknown) => typeof value === "string" && value !== "";
  const sound = (each: Partial<GoldenQuery> | null) => {
    const expected = [each?.expect].flat();
    return text(each?.query) && expected.length > 0 && expected.every(text);
  };
  const wrong = Array.isArray(golden) ? golden.findIndex((each) => !sound(each)) : undefined;
  if (wrong === -1) {
    for (const [i, each] of (golden as GoldenQuery[]).entries()) checkRequest(each, i);
    return;
  }
  const what =
    wrong === undefined
      ? "golden is not a list of searches"
      : `golden[${wrong}] is no search and what it must find`;
  throw new OptionError(`${what}: { query: "text", expect: "id" }, or several ids in a list.`);
}

/** Before a build, which may take long. @throws OptionError */
function checkRequest({ expect: _, k = DEFAULT_K, ...request }: GoldenQuery, i: number): void {
  try {
    parseSearchRequest({ ...request, k });
  } catch (cause) {
    if (cause instanceof AnnoyEdgeError) throw new OptionError(`golden[${i}]: ${cause.message}`, { cause });
    throw cause;
  }
}

/** Asks an artifact folder the golden queries; returns those that do not find what they expect. */
export async function runGolden(
  dir: string,
  golden: readonly GoldenQuery[],
  embedder: EmbedderSetting | undefined,
): Promise<GateFailure[]> {
  if (golden.length === 0) return [];
  const failures: GateFailure[] = [];
  const index = await openLocalIndex(dir, { embedder: queryEmbedderOf(embedder) });
  try {
    for (const each of golden) {
      const message = await failureOf(index, each);
      if (message !== undefined) failures.push({ code: "GOLDEN_QUERY", message });
    }
  } finally {
    await index.close();
  }
  return failures;
}

/** Why a golden query fails, also one that this index cannot be asked; undefined when it does not. */
async function failureOf(
  index: LocalIndex,
  { expect, k = DEFAULT_K, ...request }: GoldenQuery,
): Promise<string | undefined> {
  const query = JSON.stringify(request.query);
  try {
    const { hits } = await search(index, parseSearchRequest({ ...request, k }));
    const found = new Set(hits.map((hit) => hit.id));
    const missing = [expect].flat().filter((id) => !found.has(id));
    if (missing.length === 0) return undefined;
    return `${query} does not find ${missing.join(", ")} among its first ${k}.`;
  } catch (error) {
    if (error instanceof SearchError) return `${query} cannot be asked: ${error.message}`;
    throw error;
  }
}

/**
 * As {@link runGolden}, of a published version: by the folder at `out` when it is that version, else by what R2 and KV
 * hold, in a temporary folder.
 */
export async function runGoldenOnPublished(
  open: () => Promise<PublishStore>,
  { out, ...published }: PublishedVersion & { readonly out: string },
  golden: readonly GoldenQuery[],
  embedder: EmbedderSetting | undefined,
): Promise<GateFailure[]> {
  if (golden.length === 0) return [];
  return withFolderOf(published, out, open, (dir) => runGolden(dir, golden, embedder));
}

/** @throws AnnoyEdgeError `GOLDEN_FAILED` when there are failures */
export function requireGolden(name: string, version: string, failures: readonly GateFailure[]): void {
  if (failures.length === 0) return;
  const lines = failures.map(({ message }) => `- ${message}`).join("\n");
  throw new AnnoyEdgeError(
    "GOLDEN_FAILED",
    `Version ${version} of "${name}" is current and fails golden queries:\n${lines}\nMend the index or the queries, or roll back.`,
  );
}
