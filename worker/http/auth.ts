import {
  ACTIONS,
  type Access,
  isToken,
  MAX_TOKEN_LENGTH,
  MIN_SECRET_LENGTH,
  type SigningKey,
  signingKey,
  verifyToken,
} from "../core/access/token.ts";
import { AnnoyEdgeError } from "../core/format/errors.ts";
import { restrict } from "./access.ts";
import { HttpError } from "./problems.ts";
import { type Middleware, stateOf } from "./types.ts";

/** A key that is let in, known by its SHA-256. */
export interface KnownKey {
  /** 32 bytes. */
  readonly hash: Uint8Array;
  readonly access: Access;
}

/** Callers that are let in: keys, and bearers of tokens that one of the secrets has signed. */
export interface Credentials {
  readonly keys: readonly KnownKey[];
  readonly secrets: readonly SigningKey[];
}

const HASH_BYTES = 32;
/** A longer key is no key of ours, and is not worth hashing. */
const MAX_KEY_LENGTH = 512;

/**
 * Reads `API_KEY_HASHES`, entries separated by commas or blanks: 64 hex digits, and after a colon each what the key may:
 * names and patterns of indexes, actions (`<hash>:docs+blog-*:search`); and `TOKEN_SECRETS`, one or two while one replaces the other.
 * Undefined when there is neither: everyone is let in.
 *
 * @throws AnnoyEdgeError `BAD_CONFIGURATION`: what was meant to protect must not be ignored
 */
export function readCredentials(
  hashes: string | undefined,
  secrets: string | undefined,
): Credentials | undefined {
  const keys = partsOf(hashes).map(knownKey);
  const signing = partsOf(secrets).map((secret, i) => {
    if (secret.length >= MIN_SECRET_LENGTH) return signingKey(secret);
    const message = `Secret ${i + 1} of TOKEN_SECRETS has fewer than ${MIN_SECRET_LENGTH} characters: openssl rand -hex 32 makes one.`;
    throw new AnnoyEdgeError("BAD_CONFIGURATION", message);
  });
  return keys.length + signing.length > 0 ? { keys, secrets: signing } : undefined;
}

/** Entries of a variable, separated by commas or blanks. */
export function partsOf(text: string | undefined): string[] {
  return (text ?? "").split(/[\s,]+/).filter((part) => part !== "");
}

function knownKey(entry: string, position: number): KnownKey {
  const [hex = "", indexes, actions, ...more] = entry.split(":");
  const wrong = (what: string) =>
    new AnnoyEdgeError("BAD_CONFIGURATION", `Entry ${position + 1} of API_KEY_HASHES ${what}.`);
  if (!/^[0-9a-f]{64}$/i.test(hex)) throw wrong("is not the SHA-256 of a key in 64 hex digits");
  if (more.length > 0) throw wrong("has more than indexes and actions behind the hash");
  const listed = (text: string | undefined) => (text ? text.split("+") : undefined);
  const named = listed(actions)?.map((name) => {
    const action = ACTIONS.find((known) => known === name);
    if (!action) throw wrong(`names an action other than ${ACTIONS.join(", ")}`);
    return action;
  });
  const hash = Uint8Array.from({ length: HASH_BYTES }, (_, at) =>
    Number.parseInt(hex.slice(at * 2, at * 2 + 2), 16),
  );
  return { hash, access: { indexes: listed(indexes), actions: named } };
}

/**
 * Lets in requests that carry a known key (`Authorization: Bearer …` or `X-API-Key`) or a token, restricted to what it allows. Hashes are
 * compared to the end, all of them, so that the time taken tells nothing. A preflight carries neither and passes.
 */
export function requireCredential({ keys, secrets }: Credentials): Middleware {
  return async function requireCredential(c, next) {
    if (c.req.method !== "OPTIONS") {
      const given = credentialOf(c.req.raw.headers);
      if (given === undefined) {
        throw unauthorized(
          "This search needs an API key: send it as Authorization: Bearer <key>, or as X-API-Key.",
        );
      }
      if (secrets.length > 0 && isToken(given)) {
        const verified = await verifyToken(given, secrets);
        if (!verified.ok) throw unauthorized(REFUSALS[verified.reason]);
        await restrict(c, verified.access);
      } else {
        const position = await findKey(given, keys);
        const key = keys[position];
        if (!key) throw unauthorized("The API key is not one that is let in here.");
        stateOf(c).key = position;
        await restrict(c, key.access);
      }
    }
    await next();
  };
}

const REFUSALS = {
  length: `The token has more than ${MAX_TOKEN_LENGTH} characters.`,
  signature: "The token is not signed with a secret of this service.",
  early: "The token is not valid yet: nbf lies ahead.",
  expired: "The token has expired.",
  claims: "The token has claims that are not understood; exp is needed.",
} as const;

function unauthorized(message: string): HttpError {
  return new HttpError("UNAUTHORIZED", message, { "www-authenticate": 'Bearer realm="annoy-edge"' });
}

function credentialOf(headers: Headers): string | undefined {
  const bearer = /^Bearer\s+(\S+)\s*$/i.exec(headers.get("authorization") ?? "")?.[1];
  const key = bearer ?? headers.get("x-api-key")?.trim();
  return key ? key : undefined;
}

async function findKey(key: string, keys: readonly KnownKey[]): Promise<number> {
  if (key.length > MAX_KEY_LENGTH) return -1;
  const given = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(key)));
  let found = -1;
  for (const [position, { hash }] of keys.entries()) {
    let difference = 0;
    for (let i = 0; i < HASH_BYTES; i++) difference |= given[i]! ^ hash[i]!;
    if (difference === 0) found = position;
  }
  return found;
}
