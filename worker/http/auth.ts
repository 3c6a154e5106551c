import { AnnoyEdgeError } from "../core/format/errors.ts";
import { HttpError } from "./problems.ts";
import { type Middleware, stateOf } from "./types.ts";

/** SHA-256 of the keys that are let in, 32 bytes each. */
export type KeyHashes = readonly Uint8Array[];

const HASH_BYTES = 32;
/** A longer key is no key of ours, and is not worth hashing. */
const MAX_KEY_LENGTH = 512;

/**
 * Reads hashes written as 64 hex digits each, apart by commas or blanks. Undefined when there are none: everyone is let
 * in.
 *
 * @throws AnnoyEdgeError `BAD_CONFIGURATION`: what was meant to protect must not be ignored
 */
export function parseKeyHashes(text: string | undefined): KeyHashes | undefined {
  const parts = (text ?? "").split(/[\s,]+/).filter((part) => part !== "");
  if (parts.length === 0) return undefined;
  return parts.map((part, i) => {
    if (!/^[0-9a-f]{64}$/i.test(part)) {
      throw new AnnoyEdgeError(
        "BAD_CONFIGURATION",
        `Entry ${i + 1} of API_KEY_HASHES is not the SHA-256 of a key in 64 hex digits.`,
      );
    }
    return Uint8Array.from({ length: HASH_BYTES }, (_, at) =>
      Number.parseInt(part.slice(at * 2, at * 2 + 2), 16),
    );
  });
}

/**
 * Lets in requests that carry a key (`Authorization: Bearer …` or `X-API-Key`) whose hash is known. Hashes are compared
 * to the end, all of them, so that the time taken tells nothing. A preflight carries no key and passes.
 */
export function requireKey(hashes: KeyHashes): Middleware {
  return async function requireKey(c, next) {
    if (c.req.method !== "OPTIONS") {
      const key = keyOf(c.req.raw.headers);
      const position = key === undefined ? -1 : await findKey(key, hashes);
      if (position < 0) {
        const message =
          key === undefined
            ? "This search needs an API key: send it as Authorization: Bearer <key>, or as X-API-Key."
            : "The API key is not one that is let in here.";
        throw new HttpError("UNAUTHORIZED", message, { "www-authenticate": 'Bearer realm="annoy-edge"' });
      }
      stateOf(c).key = position;
    }
    await next();
  };
}

function keyOf(headers: Headers): string | undefined {
  const bearer = /^Bearer\s+(\S+)\s*$/i.exec(headers.get("authorization") ?? "")?.[1];
  const key = bearer ?? headers.get("x-api-key")?.trim();
  return key ? key : undefined;
}

async function findKey(key: string, hashes: KeyHashes): Promise<number> {
  if (key.length > MAX_KEY_LENGTH) return -1;
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(key)));
  let found = -1;
  for (const [position, known] of hashes.entries()) {
    let difference = 0;
    for (let i = 0; i < HASH_BYTES; i++) difference |= hash[i]! ^ known[i]!;
    if (difference === 0) found = position;
  }
  return found;
}
