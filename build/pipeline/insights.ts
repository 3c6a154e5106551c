import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import { parseSearchRequest } from "../../worker/core/search/parse.ts";
import { search } from "../../worker/core/search/search.ts";
import { queryEmbedderOf } from "../embedding/providers/index.ts";
import { openLocalIndex } from "../local/local-index.ts";
import type { RemoteEnvironment } from "../publish/remote/account.ts";
import { queryAnalytics } from "../publish/remote/sql.ts";
import { OptionError } from "../settings/errors.ts";
import { indexName } from "../settings/names.ts";
import { readWranglerProject } from "../settings/wrangler.ts";
import { defaultOut, type LoadedConfig, loadConfig } from "./config.ts";
import type { GoldenQuery } from "./golden.ts";
import { addGolden } from "./golden-file.ts";

export interface InsightsOptions {
  /** Name of the index; default: the first that the Worker serves. */
  readonly name?: string;
  /** Days to look back, 1 to 90; default 30. */
  readonly days?: number;
  /** Occurrences below which a query is not reported; default 10, at least 3. */
  readonly least?: number;
  /** Queries to report; default 50. */
  readonly limit?: number;
  readonly root?: string;
  readonly env?: string;
}

export interface InsightsResult {
  readonly name: string;
  readonly days: number;
  readonly least: number;
  /** Most frequent first. */
  readonly queries: readonly { readonly query: string; readonly count: number }[];
}

/** Fewer occurrences could be one person. */
const FEWEST = 3;
/** Rows that are read: beginnings of typed queries are among them. */
const MAX_ROWS = 10_000;

/**
 * Reports what people searched for, as the binding INSIGHTS counts it.
 *
 * @throws OptionError; AnnoyEdgeError `NO_BINDING` when the wrangler configuration has no such binding
 */
export async function insights(
  options: InsightsOptions = {},
  env: RemoteEnvironment = process.env,
): Promise<InsightsResult> {
  const { root = ".", days = 30, least = 10, limit = 50 } = options;
  requireWhole("days", days, 1, 90);
  requireWhole("least", least, FEWEST, 1e9);
  requireWhole("limit", limit, 1, MAX_ROWS);
  const { path, account, insights: dataset } = readWranglerProject(root, options.env);
  if (dataset === undefined) {
    const message = `${path} has no Analytics Engine dataset with the binding INSIGHTS: docs/http.md says how to count queries, and what is stored.`;
    throw new AnnoyEdgeError("NO_BINDING", message);
  }
  const name = indexName(options.name, root, options.env);
  const sql = `SELECT blob1 AS query, blob2 AS kind, SUM(_sample_interval) AS count FROM ${identifier(dataset)} WHERE index1 = '${name}' AND timestamp > NOW() - INTERVAL '${days}' DAY GROUP BY query, kind HAVING count >= ${least} ORDER BY count DESC LIMIT ${MAX_ROWS}`;
  const rows = await queryAnalytics(sql, env, account);
  const queries = searchedFor(
    rows.map(({ query, kind, count }) => ({
      query: String(query),
      typed: kind === "typed",
      count: Number(count),
    })),
  );
  return { name, days, least, queries: queries.filter(({ count }) => count >= least).slice(0, limit) };
}

interface Counted {
  readonly query: string;
  /** Whether it was searched for while it was typed. */
  readonly typed: boolean;
  readonly count: number;
}

/**
 * Counts by query, without those on the way to a longer one: of a typed text the occurrences are taken off that went on to a text
 * which begins with it.
 */
export function searchedFor(counted: readonly Counted[]): { query: string; count: number }[] {
  const total = new Map<string, number>();
  const add = (query: string, count: number) => total.set(query, (total.get(query) ?? 0) + count);
  const typed = counted.filter((one) => one.typed).sort((a, b) => (a.query < b.query ? -1 : 1));
  const above: Counted[] = [];
  for (const one of typed) {
    while (above.length > 0 && !one.query.startsWith(above.at(-1)!.query)) above.pop();
    const before = above.at(-1);
    if (before) add(before.query, -Math.min(one.count, before.count));
    add(one.query, one.count);
    above.push(one);
  }
  for (const { query, count } of counted.filter((one) => !one.typed)) add(query, Math.max(0, count));
  return Array.from(total, ([query, count]) => ({ query, count: Math.max(0, count) })).sort(
    (a, b) => b.count - a.count,
  );
}

export interface KeepQueriesOptions {
  /** Queries to hold the next version to. */
  readonly add: readonly string[];
  /** Ids that each must find; default: the first hit of the artifact that the configuration builds. */
  readonly expect?: readonly string[];
  readonly config?: string;
  readonly root?: string;
}

export interface KeptQueries {
  /** The file that was written. */
  readonly path: string;
  readonly added: readonly GoldenQuery[];
}

/**
 * Makes queries golden: writes them to `annoy-edge.golden.json` beside the configuration, which `rebuild` asks before it promotes.
 *
 * @throws OptionError; AnnoyEdgeError `NO_HITS` when a query finds nothing that it could expect
 */
export async function keepQueries(options: KeepQueriesOptions): Promise<KeptQueries> {
  const { add, expect = [], root = "." } = options;
  const loaded = await loadConfig(options.config);
  if (!loaded) throw new OptionError("There is no annoy-edge.config.ts here: name it with --config.");
  if (add.some((query) => query.trim() === "")) throw new OptionError("add has a query without text.");
  const added: GoldenQuery[] =
    expect.length > 0 ? add.map((query) => ({ query, expect })) : await withFirstHits(loaded, add, root);
  return { path: await addGolden(loaded.path, added), added };
}

async function withFirstHits(
  { config }: LoadedConfig,
  queries: readonly string[],
  root: string,
): Promise<GoldenQuery[]> {
  const dir = config.out ?? defaultOut(indexName(config.name, root));
  const index = await openLocalIndex(dir, { embedder: queryEmbedderOf(config.embedder) });
  try {
    const found: GoldenQuery[] = [];
    for (const query of queries) {
      const { hits } = await search(index, parseSearchRequest({ query, k: 1, include: [] }));
      const [first] = hits;
      if (!first) {
        const message = `${JSON.stringify(query)} finds nothing in ${dir}: name the ids that it must find with --expect.`;
        throw new AnnoyEdgeError("NO_HITS", message);
      }
      found.push({ query, expect: first.id });
    }
    return found;
  } finally {
    await index.close();
  }
}

function requireWhole(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new OptionError(`${name} is ${value}; a whole number from ${least} to ${most} is needed.`);
}

/** Names of datasets stand in the statement as they are. */
function identifier(dataset: string): string {
  if (/^[A-Za-z_]\w{0,99}$/.test(dataset)) return dataset;
  throw new OptionError(
    `The dataset ${JSON.stringify(dataset)} of INSIGHTS is no name of letters, digits and _.`,
  );
}
