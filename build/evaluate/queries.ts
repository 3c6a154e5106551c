import { basename } from "node:path";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import { readLines } from "../sources/lines.ts";
import type { Judgements } from "./metrics.ts";

/** A search and what ought to be found. */
export interface JudgedQuery {
  readonly query: string;
  readonly filter?: unknown;
  readonly relevant: Judgements;
}

/**
 * Reads judged queries: `{query, relevant, filter?}` a line, where `relevant` is an id, a list of ids, or an object of
 * ids with their grades (1: relevant, 2 and 3: more so).
 *
 * @throws AnnoyEdgeError `BAD_QUERIES` naming the line
 */
export async function readJudgedQueries(path: string): Promise<JudgedQuery[]> {
  const source = basename(path);
  const queries: JudgedQuery[] = [];
  for await (const { number, text } of readLines({ path, source })) {
    if (text.trim() === "") continue;
    queries.push(parseJudgedQuery(text, `${source}, line ${number}`));
  }
  if (queries.length === 0) throw bad(source, "it holds no queries");
  return queries;
}

function parseJudgedQuery(text: string, where: string): JudgedQuery {
  let row: { query?: unknown; relevant?: unknown; filter?: unknown } | null;
  try {
    row = JSON.parse(text);
  } catch (cause) {
    throw bad(where, "it is not JSON", cause);
  }
  if (typeof row?.query !== "string" || row.query.trim() === "") throw bad(where, "it has no query text");
  const relevant = judgements(row.relevant);
  if (!relevant || relevant.size === 0) {
    throw bad(where, "relevant is not an id, a list of ids, or an object of ids with grades above 0");
  }
  return { query: row.query, relevant, ...(row.filter !== undefined && { filter: row.filter }) };
}

function judgements(value: unknown): Judgements | undefined {
  if (typeof value === "string") return new Map([[value, 1]]);
  if (Array.isArray(value)) {
    return value.every((id) => typeof id === "string") ? new Map(value.map((id) => [id, 1])) : undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const entries = Object.entries(value);
  const graded = entries.every(([, grade]) => typeof grade === "number" && grade >= 0 && grade <= 10);
  // Every value was just seen to be a number.
  return graded ? new Map(entries.filter(([, grade]) => grade > 0) as [string, number][]) : undefined;
}

function bad(where: string, what: string, cause?: unknown): AnnoyEdgeError {
  return new AnnoyEdgeError("BAD_QUERIES", `${where}: ${what}.`, { cause });
}
