import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import { parseSearchRequest } from "../../worker/core/search/parse.ts";
import { search } from "../../worker/core/search/search.ts";
import type { SearchInput } from "../../worker/core/search/types.ts";
import { readManifest } from "../artifact/folder.ts";
import { type EmbedderSetting, queryEmbedderOf } from "../embedding/providers/index.ts";
import { openLocalIndex } from "../local/local-index.ts";
import { downloadVersion } from "../publish/download.ts";
import type { GateFailure, PublishStore } from "../publish/index.ts";
import { OptionError } from "../settings/errors.ts";

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
  { name, version, out }: { readonly name: string; readonly version: string; readonly out: string },
  golden: readonly GoldenQuery[],
  embedder: EmbedderSetting | undefined,
): Promise<GateFailure[]> {
  if (golden.length === 0) return [];
  const local = await readManifest(out).catch(() => undefined);
  if (local?.version === version && local.name === name) return runGolden(out, golden, embedder);
  const dir = await mkdtemp(join(tmpdir(), "annoy-edge-golden-"));
  try {
    const store = await open();
    try {
      await downloadVersion(store, name, version, dir);
    } finally {
      await store.close();
    }
    return await runGolden(dir, golden, embedder);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
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
