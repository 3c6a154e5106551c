import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import { parseSearchRequest } from "../../worker/core/search/parse.ts";
import { search } from "../../worker/core/search/search.ts";
import type { SearchInput } from "../../worker/core/search/types.ts";
import { type EmbedderSetting, queryEmbedderOf } from "../embedding/providers/index.ts";
import { openLocalIndex } from "../local/local-index.ts";
import type { GateFailure, PublishStore } from "../publish/index.ts";
import { OptionError } from "../settings/errors.ts";
import { type PublishedVersion, withFolderOf } from "./version-folder.ts";

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
  if (wrong === -1) return;
  const what =
    wrong === undefined
      ? "golden is not a list of searches"
      : `golden[${wrong}] is no search and what it must find`;
  throw new OptionError(`${what}: { query: "text", expect: "id" }, or several ids in a list.`);
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
    for (const { expect, k = 10, ...request } of golden) {
      const { hits } = await search(index, parseSearchRequest({ ...request, k }));
      const found = new Set(hits.map((hit) => hit.id));
      const missing = [expect].flat().filter((id) => !found.has(id));
      if (missing.length > 0) {
        const message = `${JSON.stringify(request.query)} does not find ${missing.join(", ")} among its first ${k}.`;
        failures.push({ code: "GOLDEN_QUERY", message });
      }
    }
  } finally {
    await index.close();
  }
  return failures;
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
