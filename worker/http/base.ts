import { basePath } from "hono/route";
import type { AppContext } from "./types.ts";

/** Path that the API is mounted under, without a slash at its end: `/search`, or empty. */
export function baseOf(c: AppContext): string {
  return basePath(c).replace(/\/+$/, "");
}
