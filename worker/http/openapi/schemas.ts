import * as z from "zod/mini";
import { NAMED_SCHEMAS, type SchemaName } from "../schemas.ts";
import { ref } from "./responses.ts";
import type { Json } from "./types.ts";

/** `components/schemas`: requests as they may be written, answers as they are given. */
export function namedSchemas(): Record<string, Json> {
  const named: Record<string, Json> = {};
  for (const [name, schema] of Object.entries(NAMED_SCHEMAS)) {
    const json = z.toJSONSchema(schema, { io: name.endsWith("Request") ? "input" : "output" });
    const { $schema, ...rest } = json as Record<string, unknown>;
    named[name] = tidy(rest, name.endsWith("Request")) as Json;
  }
  return Object.fromEntries(
    Object.entries(named).map(([name, schema]) => [name, sharing(schema, named, name) as Json]),
  );
}

/** Schemas that stand within others, which name them instead. */
const SHARED: readonly SchemaName[] = ["Hit", "Document"];

function sharing(value: unknown, named: Readonly<Record<string, Json>>, within: string): unknown {
  if (Array.isArray(value)) return value.map((inner) => sharing(inner, named, within));
  if (typeof value !== "object" || value === null) return value;
  const { description, ...rest } = value as Json;
  const text = JSON.stringify(rest);
  const same = SHARED.find((name) => {
    const { description: _, ...shared } = named[name]!;
    return name !== within && JSON.stringify(shared) === text;
  });
  if (same) return { ...(description !== undefined && { description }), ...ref(same) };
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, sharing(inner, named, within)]),
  );
}

/**
 * A schema without what its making left behind: `readOnly` (of types, not of HTTP) and bounds that only say "a safe
 * integer". Answers are left open: what a later version adds to one is no breach of this one.
 */
function tidy(value: unknown, closed: boolean): unknown {
  if (Array.isArray(value)) return value.map((inner) => tidy(inner, closed));
  if (typeof value !== "object" || value === null) return value;
  const keep = ([key, inner]: [string, unknown]): boolean => {
    if (key === "readOnly" && inner === true) return false;
    // Generators of types take what has a default for what is always there. Descriptions tell the defaults.
    if (key === "default" && closed) return false;
    if (key === "additionalProperties" && inner === false) return closed;
    return !((key === "minimum" || key === "maximum") && Math.abs(Number(inner)) === Number.MAX_SAFE_INTEGER);
  };
  return Object.fromEntries(
    Object.entries(value)
      .filter(keep)
      .map(([key, inner]) => [key, tidy(inner, closed)]),
  );
}
