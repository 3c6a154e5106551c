import { within } from "../core/time/wait.ts";
import { HttpError } from "./problems.ts";
import { type AppContext, type Middleware, stateOf } from "./types.ts";

/** Cloudflare's rate limiting binding: counts by key within one location, asynchronously, at no added latency. */
export interface RateLimiter {
  limit(options: { key: string }): Promise<{ success: boolean }>;
}

/** A period of the binding is 10 or 60 seconds; which, a Worker cannot see. */
const RETRY_AFTER_SECONDS = 10;
const TIME_LIMIT_MS = 500;

/**
 * Holds callers to the binding's limit: by API key where keys are used, by address otherwise. Many people can share an
 * address, so a limit without keys should be generous.
 */
export function rateLimit(limiter: RateLimiter): Middleware {
  return async function rateLimit(c, next) {
    if (c.req.method !== "OPTIONS") {
      const { key } = stateOf(c);
      await enforce(limiter, key === undefined ? addressOf(c) : `key ${key}`);
    }
    await next();
  };
}

/** Holds callers without a key that is let in to the same limit, by address: guessing must not be free. */
export function limitRefusals(limiter: RateLimiter): Middleware {
  return async function limitRefusals(c, next) {
    await next();
    if (c.res.status === UNAUTHORIZED) await enforce(limiter, `refused ${addressOf(c)}`);
  };
}

const UNAUTHORIZED = 401;

/** @throws HttpError `RATE_LIMITED` */
async function enforce(limiter: RateLimiter, caller: string): Promise<void> {
  // A limiter that fails or is silent lets everyone in: it guards against too much, not against anyone.
  const limited = within(limiter.limit({ key: caller }), TIME_LIMIT_MS, () => ({ success: true }));
  const { success } = await limited.catch((error: unknown) => {
    console.error(error);
    return { success: true };
  });
  if (success) return;
  const message = "Too many requests in a short time. Wait a little and try again.";
  throw new HttpError("RATE_LIMITED", message, { "retry-after": String(RETRY_AFTER_SECONDS) });
}

function addressOf(c: AppContext): string {
  return `ip ${networkOf(c.req.header("cf-connecting-ip") ?? "unknown")}`;
}

/** Groups of an IPv6 address that a provider gives to one subscriber; the others are the subscriber's to choose. */
const NETWORK_GROUPS = 4;

/** Returns an IPv4 address as it is, of an IPv6 address its first 64 bits. */
export function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = "", tail] = address.toLowerCase().split("::");
  const groups = head === "" ? [] : head.split(":");
  // Zeros that are left out stand between both parts.
  const rest = tail ? tail.split(":") : [];
  while (tail !== undefined && groups.length + rest.length < 8) groups.push("0");
  const all = [...groups, ...rest].slice(0, NETWORK_GROUPS);
  return `${all.map((group) => group.replace(/^0+(?=.)/, "")).join(":")}::/64`;
}
