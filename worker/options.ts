import type { ServiceOptions } from "./app.ts";
import { AnnoyEdgeError } from "./core/format/errors.ts";
import type { HttpLimits } from "./http/types.ts";

/** Options of an application, with what each may be. */
const KINDS: Readonly<Record<keyof ServiceOptions | "bindings", (value: unknown) => string | undefined>> = {
  indexes: (value) =>
    [value].flat().every((name) => typeof name === "string") ? undefined : "a name or a list of names",
  auth: middlewareOrFalse,
  cors: middlewareOrFalse,
  rateLimit: middlewareOrFalse,
  limits: (value) => (isPlain(value) ? undefined : "an object"),
  // `mcp` in place of `mcp()` is a function, which has no such method.
  mcp: (value) => (isPlain(value) && "answer" in value ? undefined : "what mcp() of annoy-edge/mcp returns"),
  assets: (value) => (typeof value === "boolean" ? undefined : "true or false"),
  bindings: (value) => (typeof value === "function" ? undefined : "a function"),
};

const LIMITS: Readonly<Record<keyof HttpLimits, true>> = {
  maxK: true,
  maxSearchK: true,
  maxQueryLength: true,
  maxBodyBytes: true,
  maxBatchBytes: true,
  bodyTimeout: true,
  requestTimeout: true,
};

/**
 * Checks what a program has given: a protection that is misspelled or no number would be none.
 *
 * @throws AnnoyEdgeError `BAD_CONFIGURATION` naming the option
 */
export function checkAppOptions(options: object): void {
  for (const [name, value] of Object.entries(options)) {
    if (!isKeyOf(KINDS, name)) throw refused(`createApp has no option ${name}; it has ${namesOf(KINDS)}.`);
    if (value === undefined) continue;
    const wanted = KINDS[name](value);
    if (wanted !== undefined) throw refused(`The option ${name} of createApp must be ${wanted}.`);
    if (name === "limits") checkLimits(value);
  }
}

function checkLimits(limits: object): void {
  for (const [name, value] of Object.entries(limits)) {
    if (!isKeyOf(LIMITS, name)) throw refused(`limits has no ${name}; it has ${namesOf(LIMITS)}.`);
    if (value === undefined || (Number.isFinite(value) && value > 0)) continue;
    throw refused(`limits.${name} must be a number above 0.`);
  }
}

function middlewareOrFalse(value: unknown): string | undefined {
  return value === false || typeof value === "function" ? undefined : "middleware or false";
}

function isKeyOf<T extends object>(table: T, name: string): name is keyof T & string {
  return Object.hasOwn(table, name);
}

function namesOf(table: object): string {
  return Object.keys(table).join(", ");
}

function isPlain(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function refused(message: string): AnnoyEdgeError {
  return new AnnoyEdgeError("BAD_CONFIGURATION", message);
}
