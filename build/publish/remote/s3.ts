import { createHash } from "node:crypto";
import { AwsClient } from "aws4fetch";
import { AnnoyEdgeError } from "../../../worker/core/format/errors.ts";
import type { ObjectInfo, PutOptions } from "../store.ts";
import { retrying } from "./http.ts";
import { decodeEntities, elements, text } from "./xml.ts";

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface S3Options extends S3Credentials {
  /** `https://<account>.r2.cloudflarestorage.com`, or another server that speaks the API. */
  readonly endpoint: string;
  readonly bucket: string;
}

export interface S3Request {
  readonly method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE";
  readonly key?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Statuses that are answers and not failures, beside 2xx. */
  readonly accept?: readonly number[];
}

/** The requests of R2's S3 API that publishing needs. */
export interface S3Bucket {
  readonly bucket: string;
  send(request: S3Request): Promise<Response>;
  head(key: string): Promise<ObjectInfo | undefined>;
  get(
    key: string,
    range?: { readonly offset: number; readonly length: number },
  ): Promise<{ info: ObjectInfo; bytes: Uint8Array } | undefined>;
  /** Undefined when the condition did not hold. */
  put(key: string, body: Uint8Array, options: PutOptions): Promise<ObjectInfo | undefined>;
  list(prefix: string): AsyncGenerator<ObjectInfo>;
  delete(key: string): Promise<void>;
}

/**
 * R2 by its S3 API (https://developers.cloudflare.com/r2/api/s3/api/). Bodies are signed with their SHA-256, so that what
 * arrives is what was sent.
 */
export function openS3(options: S3Options): S3Bucket {
  const { endpoint, bucket, accessKeyId, secretAccessKey } = options;
  const client = new AwsClient({ accessKeyId, secretAccessKey, service: "s3", region: "auto", retries: 0 });

  async function send(request: S3Request): Promise<Response> {
    const { method, key, query, headers, body, accept = [] } = request;
    const path = [bucket, ...(key === undefined ? [] : key.split("/"))].map(encodeURIComponent).join("/");
    const url = new URL(`${endpoint.replace(/\/$/, "")}/${path}`);
    for (const [name, value] of Object.entries(query ?? {})) url.searchParams.set(name, value);
    const what = `R2 ${method} ${bucket}${key ? `/${key}` : ""}`;
    const response = await retrying(what, async (signal) => {
      const signed = await client.sign(url, {
        method,
        headers: { ...headers, "x-amz-content-sha256": sha256(body) },
        // Nothing here lies in shared memory.
        body: (body as Uint8Array<ArrayBuffer> | undefined) ?? null,
      });
      return fetch(signed, { signal });
    });
    if (response.ok || accept.includes(response.status)) return response;
    throw await failure(what, response);
  }

  return {
    bucket,
    send,
    async head(key) {
      const response = await send({ method: "HEAD", key, accept: [404] });
      return response.status === 404 ? undefined : infoOf(key, response.headers);
    },
    async get(key, range) {
      const headers = range && { range: `bytes=${range.offset}-${range.offset + range.length - 1}` };
      const response = await send({ method: "GET", key, accept: [404], ...(headers && { headers }) });
      if (response.status === 404) {
        const xml = await response.text();
        if (text(xml, "Code") !== "NoSuchBucket") return undefined;
        throw noBucket(`R2 GET ${bucket}/${key}`);
      }
      return { info: infoOf(key, response.headers), bytes: new Uint8Array(await response.arrayBuffer()) };
    },
    async put(key, body, { contentType, ifMatch, ifAbsent }) {
      const headers: Record<string, string> = { "content-type": contentType ?? "application/octet-stream" };
      if (ifMatch !== undefined) headers["if-match"] = `"${ifMatch}"`;
      if (ifAbsent) headers["if-none-match"] = "*";
      const response = await send({ method: "PUT", key, headers, body, accept: [412] });
      await response.body?.cancel();
      if (response.status === 412) return undefined;
      const etag = unquote(response.headers.get("etag"));
      return { key, etag, bytes: body.byteLength, uploaded: new Date() };
    },
    async *list(prefix) {
      for (let token: string | undefined, more = true; more; ) {
        const query = { "list-type": "2", prefix, ...(token && { "continuation-token": token }) };
        const xml = await (await send({ method: "GET", query })).text();
        for (const entry of elements(xml, "Contents")) {
          yield {
            key: decodeEntities(text(entry, "Key")),
            etag: unquote(decodeEntities(text(entry, "ETag"))),
            bytes: Number(text(entry, "Size")),
            uploaded: new Date(text(entry, "LastModified")),
          };
        }
        token = decodeEntities(text(xml, "NextContinuationToken"));
        more = text(xml, "IsTruncated") === "true" && token !== "";
      }
    },
    async delete(key) {
      await (await send({ method: "DELETE", key, accept: [404] })).body?.cancel();
    },
  };
}

/** S3 answers errors in XML; a HEAD has none. */
async function failure(what: string, response: Response): Promise<AnnoyEdgeError> {
  const xml = await response.text();
  const reason = decodeEntities(text(xml, "Message")) || `status ${response.status}`;
  if (text(xml, "Code") === "RequestTimeTooSkewed") {
    const now = new Date().toISOString();
    const message = `${what}: refused, because the clock of this machine is wrong: it says ${now}. Set it and run this again.`;
    return new AnnoyEdgeError("CLOCK_WRONG", message);
  }
  if (response.status === 401 || response.status === 403) {
    return new AnnoyEdgeError(
      "REMOTE_FORBIDDEN",
      `${what}: refused (${reason}). The token needs "Workers R2 Storage: Edit" on this bucket; docs/operations.md says how to make one.`,
    );
  }
  if (text(xml, "Code") === "NoSuchBucket") return noBucket(what);
  return new AnnoyEdgeError("REMOTE_FAILED", `${what}: ${reason}.`);
}

function noBucket(what: string): AnnoyEdgeError {
  return new AnnoyEdgeError(
    "NO_BUCKET",
    `${what}: there is no such bucket. "npm run deploy" creates the one of wrangler.toml.`,
  );
}

function infoOf(key: string, headers: Headers): ObjectInfo {
  // A ranged answer says the whole length behind the slash.
  const whole = headers.get("content-range")?.split("/")[1] ?? headers.get("content-length");
  return {
    key,
    etag: unquote(headers.get("etag")),
    bytes: Number(whole),
    uploaded: new Date(headers.get("last-modified") ?? 0),
  };
}

export function unquote(etag: string | null): string {
  return (etag ?? "").replace(/^(?:W\/)?"|"$/g, "");
}

function sha256(body: Uint8Array | undefined): string {
  return createHash("sha256")
    .update(body ?? "")
    .digest("hex");
}
