import { COMMON_CODES, PROBLEM_KINDS } from "../problems.ts";
import type { SchemaName } from "../schemas.ts";
import { headers, problemHeaders } from "./headers.ts";
import type { Json, Operation } from "./types.ts";

/** Adds a code to those that answers with its status list. */
export function withProblem(responses: Operation["responses"], code: Code): Operation["responses"] {
  const [status] = PROBLEM_KINDS[code];
  const known = responses[String(status)]?.description;
  const codes = typeof known === "string" ? `${known}, ${code}` : code;
  return { ...responses, [status]: problemAnswer(status, codes) };
}

type Code = keyof typeof PROBLEM_KINDS;

/** Problems of a token's filter that does not fit the index. */
export const SCOPE_CODES: readonly Code[] = [
  "UNKNOWN_FILTER_FIELD",
  "FILTER_TYPE_MISMATCH",
  "NO_FILTERABLE_COLUMNS",
];

export function answers(schema: SchemaName, codes: readonly Code[]): Record<string, Json> {
  const answer = { ...content(schema, "The answer"), ...headers("Index-Version", "Server-Timing") };
  return { "200": answer, ...problems(codes) };
}

export function problems(codes: readonly Code[]): Record<string, Json> {
  const byStatus = new Map<number, Code[]>();
  for (const code of [...codes, ...COMMON_CODES]) {
    const [status] = PROBLEM_KINDS[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  const responses: Record<string, Json> = {};
  for (const [status, list] of [...byStatus].sort(([a], [b]) => a - b)) {
    responses[String(status)] = problemAnswer(status, list.join(", "));
  }
  return responses;
}

function problemAnswer(status: number, codes: string): Json {
  return {
    description: codes,
    ...problemHeaders(status),
    content: { "application/problem+json": { schema: ref("Problem") } },
  };
}

export function cacheable(responses: Record<string, Json>): Record<string, Json> {
  const kept = headers("Index-Version", "Server-Timing", "ETag");
  return {
    ...responses,
    "200": { ...responses["200"], ...kept },
    "304": { description: "The version that If-None-Match names still stands", ...kept },
  };
}

/** Responses that the code alone determines. */
export function unchanging(type: string, schema: Json, description: string): Record<string, Json> {
  return {
    "200": { description, content: { [type]: { schema } } },
    "304": { description: "It is still the one that If-None-Match names" },
    ...wrongMethod(),
  };
}

export function wrongMethod(): Record<string, Json> {
  return { "405": problemAnswer(405, "METHOD_NOT_ALLOWED") };
}

export function content(schema: SchemaName, description: string): Json {
  return { description, content: { "application/json": { schema: ref(schema) } } };
}

export function ref(name: SchemaName): Json {
  return { $ref: `#/components/schemas/${name}` };
}
