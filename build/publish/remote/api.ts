import { AnnoyEdgeError } from "../../../worker/core/format/errors.ts";
import { retrying } from "./http.ts";

/** The envelope of Cloudflare's API. */
export interface Envelope<T> {
  readonly success: boolean;
  readonly result?: T | null;
  readonly errors?: readonly { readonly code: number; readonly message: string }[];
  readonly result_info?: { readonly cursor?: string; readonly total_pages?: number };
}

export interface CloudflareApi {
  /** @throws AnnoyEdgeError `REMOTE_FORBIDDEN`, `REMOTE_FAILED`, `REMOTE_UNREACHABLE`, `REMOTE_RATE_LIMITED` */
  call<T>(method: string, path: string, body?: unknown): Promise<Envelope<T>>;
}

export const CLOUDFLARE_API = "https://api.cloudflare.com/client/v4";

export function openApi(token: string, base: string): CloudflareApi {
  return {
    async call<T>(method: string, path: string, body?: unknown) {
      const what = `Cloudflare API ${method} ${path.split("?")[0]}`;
      const json = body === undefined ? null : JSON.stringify(body);
      const response = await retrying(what, (signal) =>
        fetch(`${base.replace(/\/$/, "")}${path}`, {
          method,
          headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
          body: json,
          signal,
        }),
      );
      const text = await response.text();
      let envelope: Envelope<T> | undefined;
      try {
        envelope = JSON.parse(text) as Envelope<T>;
      } catch {
        // A proxy's page of HTML; its status says enough.
      }
      if (response.ok && envelope?.success) return envelope;
      const reason =
        envelope?.errors?.map((error) => `${error.message} (${error.code})`).join("; ") ||
        `status ${response.status}`;
      const forbidden = response.status === 401 || response.status === 403;
      throw new AnnoyEdgeError(
        forbidden ? "REMOTE_FORBIDDEN" : "REMOTE_FAILED",
        forbidden
          ? `${what}: refused (${reason}). docs/operations.md says which permissions the token needs.`
          : `${what}: ${reason}.`,
      );
    },
  };
}

/** A path whose values are escaped. */
export function pathOf(strings: TemplateStringsArray, ...values: readonly string[]): string {
  return strings.map((part, i) => part + (i < values.length ? encodeURIComponent(values[i]!) : "")).join("");
}
