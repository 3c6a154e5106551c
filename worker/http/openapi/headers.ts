import type { Json } from "./types.ts";

/** Headers of answers, each with whether every answer that lists it has it. */
const HEADERS = {
  "Index-Version": { required: true, description: "The version that answers." },
  "Server-Timing": {
    required: false,
    description: "Milliseconds by part, and whether a cache had the answer.",
  },
  ETag: {
    required: false,
    description: "For `If-None-Match`; absent where the answer would be another one in better times.",
  },
  "Retry-After": { required: true, description: "Seconds after which it may work." },
  "WWW-Authenticate": { required: true, description: "How to send a key." },
} as const;
export type HeaderName = keyof typeof HEADERS;

/** `components/headers`. */
export function namedHeaders(): Record<string, Json> {
  return Object.fromEntries(
    Object.entries(HEADERS).map(([name, header]) => [name, { ...header, schema: { type: "string" } }]),
  );
}

/** The part of a response that lists headers; nothing for none. */
export function headers(...names: readonly HeaderName[]): { readonly headers?: Json } {
  if (names.length === 0) return {};
  const refs = names.map((name) => [name, { $ref: `#/components/headers/${name}` }]);
  return { headers: Object.fromEntries(refs) };
}

/** The headers of every problem with this status. */
export function problemHeaders(status: number): { readonly headers?: Json } {
  if (status === 401) return headers("WWW-Authenticate");
  return status === 429 || status === 503 || status === 504 ? headers("Retry-After") : {};
}
