import * as z from "zod/mini";

/** Adds a description to a schema, and what else `openapi.json` has of it. */
export function described<S extends z.ZodMiniType>(description: string, schema: S, more: object = {}): S {
  return schema.check(z.meta({ description, ...more }));
}

/** A text that is not empty. */
export function text(longest: number) {
  return z.string().check(z.minLength(1), z.maxLength(longest));
}

/** A whole number. */
export function whole(least: number, most: number) {
  return z.int().check(z.minimum(least), z.maximum(most));
}

/** A number from 0 to 1. */
export const share = z.number().check(z.minimum(0), z.maximum(1));

export function list<S extends z.ZodMiniType>(entry: S, ...checks: z.core.$ZodCheck<z.output<S>[]>[]) {
  return z.readonly(z.array(entry).check(...checks));
}
