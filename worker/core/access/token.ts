/**
 * Search tokens: JSON Web Tokens (RFC 7519) signed with HMAC-SHA-256, which any backend can make with a library of its own.
 * What a token does not say it does not restrict, but for its actions.
 */

/** Kind of a request: searches, reads documents and items, or describes the index. */
export const ACTIONS = ["search", "documents", "index"] as const;
export type Action = (typeof ACTIONS)[number];

/** Actions and documents that a caller is allowed. */
export interface Access {
  /** Names and patterns of indexes; absent: all. */
  readonly indexes?: readonly string[] | undefined;
  readonly actions?: readonly Action[] | undefined;
  /** A condition that every document of an answer meets. */
  readonly filter?: unknown;
}

export interface TokenClaims extends Access {
  /** Seconds since 1970 after which the token is refused. */
  readonly exp: number;
}

/** Shorter secrets can be guessed from one token. */
export const MIN_SECRET_LENGTH = 32;
/** Actions of a token that names none: those that a page with a search needs. */
export const TOKEN_ACTIONS: readonly Action[] = ["search", "documents"];

const HEADER = '{"alg":"HS256","typ":"JWT"}';
const ALGORITHM = { name: "HMAC", hash: "SHA-256" } as const;
/** A header and a request line have room for no more. */
export const MAX_TOKEN_LENGTH = 8_000;

export async function signToken(claims: TokenClaims, secret: string): Promise<string> {
  const body = `${encode(HEADER)}.${encode(JSON.stringify(claims))}`;
  const signature = await crypto.subtle.sign("HMAC", await importKey(secret), bytesOf(body));
  return `${body}.${base64url(new Uint8Array(signature))}`;
}

/** Whether a credential has the form of a token; keys have none of it. */
export function isToken(credential: string): boolean {
  return /^eyJ[\w-]*\.[\w-]+\.[\w-]+$/.test(credential);
}

export type Verified =
  | { readonly ok: true; readonly access: Access }
  | { readonly ok: false; readonly reason: "length" | "signature" | "early" | "expired" | "claims" };

/** Holds a token against each of the secrets, of which there are two while one replaces the other. No I/O. */
export async function verifyToken(
  token: string,
  keys: readonly SigningKey[],
  now = Date.now(),
): Promise<Verified> {
  if (token.length > MAX_TOKEN_LENGTH) return { ok: false, reason: "length" };
  const [header = "", payload = "", signature = ""] = token.split(".");
  const signed = bytesOf(`${header}.${payload}`);
  const given = fromBase64url(signature);
  let sound = false;
  // `verify` compares in constant time; all keys are tried, so that the time tells nothing of which one fits.
  for (const key of keys) {
    if (given && (await crypto.subtle.verify("HMAC", await key(), given, signed))) sound = true;
  }
  if (!sound || !isOurs(jsonOf(header))) return { ok: false, reason: "signature" };
  const claims = jsonOf(payload);
  if (!isClaims(claims)) return { ok: false, reason: "claims" };
  if (claims.nbf !== undefined && claims.nbf * 1000 > now) return { ok: false, reason: "early" };
  if (claims.exp * 1000 <= now) return { ok: false, reason: "expired" };
  const { indexes, actions = TOKEN_ACTIONS, filter } = claims;
  return { ok: true, access: { indexes, actions, filter } };
}

/** A secret, imported when it is first needed. */
export type SigningKey = () => Promise<CryptoKey>;

export function signingKey(secret: string): SigningKey {
  // A finished value: no request may wait for what another has begun.
  let key: CryptoKey | undefined;
  return async () => {
    key ??= await importKey(secret);
    return key;
  };
}

function importKey(secret: string): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", bytesOf(secret), ALGORITHM, false, ["sign", "verify"]);
}

/** `crit` names extensions that whoever does not know them must refuse, and none is known here. */
function isOurs(header: unknown): boolean {
  const { alg, crit } = (header ?? {}) as { alg?: unknown; crit?: unknown };
  return alg === "HS256" && crit === undefined;
}

/** Faults close: a claim that is not understood must not be taken for one that is not there. */
function isClaims(value: unknown): value is TokenClaims & { readonly nbf?: number } {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const { exp, nbf, indexes, actions, filter } = value as Record<string, unknown>;
  const texts = (list: unknown) =>
    list === undefined || (Array.isArray(list) && list.every((text) => typeof text === "string"));
  return (
    typeof exp === "number" &&
    Number.isFinite(exp) &&
    (nbf === undefined || typeof nbf === "number") &&
    texts(indexes) &&
    texts(actions) &&
    (filter === undefined || (typeof filter === "object" && filter !== null && !Array.isArray(filter)))
  );
}

function encode(text: string): string {
  return base64url(bytesOf(text));
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(new TextEncoder().encode(text));
}

function base64url(bytes: Uint8Array): string {
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

function fromBase64url(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    const decoded = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    return Uint8Array.from(decoded, (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}

function jsonOf(part: string): unknown {
  const bytes = fromBase64url(part);
  try {
    return bytes && JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes));
  } catch {
    return undefined;
  }
}
