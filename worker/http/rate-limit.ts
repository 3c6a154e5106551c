import { HttpError } from "./problems.ts";
import { type Middleware, stateOf } from "./types.ts";

/** Cloudflare's rate limiting binding: counts by key within one location, asynchronously, at no added latency. */
export interface RateLimiter {
  limit(options: { key: string }): Promise<{ success: boolean }>;
}

/** A period of the binding is 10 or 60 seconds; which, a Worker cannot see. */
const RETRY_AFTER_SECONDS = 10;

/**
 * Holds callers to the binding's limit: by API key where keys are used, by address otherwise. Many people can share an
 * address, so a limit without keys should be generous.
 */
export function rateLimit(limiter: RateLimiter): Middleware {
  return async function rateLimit(c, next) {
    if (c.req.method !== "OPTIONS") {
      const { key } = stateOf(c);
      const caller = key === undefined ? `ip ${c.req.header("cf-connecting-ip") ?? "unknown"}` : `key ${key}`;
      // A limiter that fails lets everyone in: it guards against too much, not against anyone.
      const { success } = await limiter.limit({ key: caller }).catch((error: unknown) => {
        console.error(error);
        return { success: true };
      });
      if (!success) {
        throw new HttpError(
          "RATE_LIMITED",
          "Too many requests in a short time. Wait a little and try again.",
          {
            "retry-after": String(RETRY_AFTER_SECONDS),
          },
        );
      }
    }
    await next();
  };
}
