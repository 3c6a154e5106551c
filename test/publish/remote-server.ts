// biome-ignore-all lint/complexity/noExcessiveLinesPerFunction: one handler a route of the server.
import { createHash } from "node:crypto";
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { encodeEntities } from "../../build/publish/remote/xml.ts";
import { IDS } from "./runtime.ts";

/**
 * A Cloudflare account on this machine. Objects: the S3 endpoint of Cloudflare's own simulator over local R2, which checks
 * signatures, body hashes and conditions; it has no listing of unfinished uploads, which is added here. Pages: the REST API
 * of KV over local KV, with its limits. In front of both: faults, as the service has them.
 */

export const TOKEN = "test-token-value";
export const TOKEN_ID = "0123456789abcdef0123456789abcdef";
export const ACCOUNT = "acc0123456789abcdef0123456789abc";
export const NAMESPACE = "ns0123456789abcdef0123456789abcd";
const S3_PREFIX = "/cdn-cgi/local/r2/s3";

/** Fault of a request before it reached the storage, or instead of it. */
export type Fault =
  | { readonly status: number; readonly retryAfter?: string }
  /** The connection breaks, before or after the request took effect. */
  | { readonly drop: "before" | "after" }
  /** A bulk write that leaves out every second key. */
  | "partial";

export interface Seen {
  readonly method: string;
  /** Path and query, the S3 prefix removed. */
  readonly path: string;
  readonly status: number;
}

export interface RemoteServer {
  /** The environment that remote publishing needs to reach this server. */
  readonly env: Readonly<Record<string, string>>;
  readonly requests: Seen[];
  /** Decides on each request, by its number from 0 and what it is. */
  fault: (n: number, method: string, path: string) => Fault | undefined;
  close(): Promise<void>;
}

export async function startRemoteServer(dir: string): Promise<RemoteServer> {
  const runtime = new Miniflare(
    convertV4MiniflareOptions({
      modules: true,
      script: "export default { fetch() { return new Response(null, { status: 404 }); } }",
      compatibilityDate: "2026-10-20",
      r2Buckets: {
        INDEXES: {
          id: IDS.bucket,
          s3Credentials: {
            accessKeyId: TOKEN_ID,
            secretAccessKey: createHash("sha256").update(TOKEN).digest("hex"),
          },
        },
      },
      kvNamespaces: { DOCUMENTS: IDS.namespace },
      resourcePersistencePath: join(dir, "v3"),
      cf: false,
    }),
  );
  const upstream = await runtime.ready;
  const kv = await runtime.getKVNamespace("DOCUMENTS");
  const uploads = createUploadLog();
  const requests: Seen[] = [];
  let count = 0;
  const server = createServer((request, response) => {
    handle(request, response).catch((error) => {
      response.writeHead(500).end(String(error));
    });
  });

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url!, "http://localhost");
    const path = `${url.pathname.replace(S3_PREFIX, "")}${url.search}`;
    const method = request.method!;
    const body = await readBody(request);
    const fault = remote.fault(count++, method, path);
    const answer = (
      status: number,
      headers: Record<string, string | string[] | undefined>,
      bytes: Buffer,
    ) => {
      requests.push({ method, path, status });
      if (typeof fault === "object" && "drop" in fault) request.socket.destroy();
      else response.writeHead(status, headers).end(bytes);
    };
    if (typeof fault === "object" && "drop" in fault && fault.drop === "before") {
      return answer(0, {}, Buffer.alloc(0));
    }
    if (typeof fault === "object" && "status" in fault) {
      const headers = fault.retryAfter === undefined ? {} : { "retry-after": fault.retryAfter };
      return answer(fault.status, headers, Buffer.alloc(0));
    }
    if (!url.pathname.startsWith(S3_PREFIX)) {
      const { status, json } = await rest(request, url, body, fault === "partial");
      return answer(status, { "content-type": "application/json" }, Buffer.from(JSON.stringify(json)));
    }
    const listing = method === "GET" ? uploads.list(url) : undefined;
    if (listing) return answer(200, { "content-type": "application/xml" }, Buffer.from(listing));
    const forwarded = await forward(upstream, request, body);
    uploads.note(method, url, forwarded, body);
    answer(forwarded.status, forwarded.headers, forwarded.body);
  }

  async function rest(
    request: IncomingMessage,
    url: URL,
    body: Buffer,
    partial: boolean,
  ): Promise<{ status: number; json: unknown }> {
    const ok = (result: unknown, info = {}) => ({
      status: 200,
      json: { success: true, errors: [], result, result_info: info },
    });
    const refuse = (status: number, message: string) => ({
      status,
      json: { success: false, errors: [{ code: 10_000, message }], result: null },
    });
    if (request.headers.authorization !== `Bearer ${TOKEN}`) return refuse(403, "Authentication error");
    if (url.pathname === "/api/user/tokens/verify") return ok({ id: TOKEN_ID, status: "active" });
    if (url.pathname === "/api/accounts") return ok([{ id: ACCOUNT, name: "Test" }]);
    if (url.pathname === `/api/accounts/${ACCOUNT}/workers/scripts/deployed/settings`) {
      return ok({ bindings: [{ type: "kv_namespace", name: "DOCUMENTS", namespace_id: NAMESPACE }] });
    }
    const namespaces = `/api/accounts/${ACCOUNT}/storage/kv/namespaces`;
    if (url.pathname === namespaces) {
      return ok([{ id: NAMESPACE, title: "annoy-edge-documents" }], { total_pages: 1 });
    }
    const base = `${namespaces}/${NAMESPACE}`;
    const json = body.length > 0 ? JSON.parse(body.toString()) : undefined;
    switch (`${request.method} ${url.pathname.replace(base, "")}`) {
      case "PUT /bulk": {
        if (json.length > 10_000 || body.length > 100e6) return refuse(413, "too large");
        const failed = partial ? json.filter((_: unknown, i: number) => i % 2 === 1) : [];
        for (const pair of json) {
          if (!failed.includes(pair)) await kv.put(pair.key, pair.value, { metadata: pair.metadata });
        }
        const keys = failed.map(({ key }: { key: string }) => key);
        return ok({ successful_key_count: json.length - keys.length, unsuccessful_keys: keys });
      }
      case "POST /bulk/get": {
        if (json.keys.length > 100) return refuse(400, "You can request a maximum of 100 keys");
        return ok({ values: Object.fromEntries(await kv.get(json.keys as string[], "text")) });
      }
      case "POST /bulk/delete": {
        for (const key of json) await kv.delete(key);
        return ok({ successful_key_count: json.length });
      }
      case "GET /keys": {
        const cursor = url.searchParams.get("cursor") ?? undefined;
        const prefix = url.searchParams.get("prefix") ?? "";
        const listed = await kv.list({ prefix, limit: 100, ...(cursor && { cursor }) });
        return ok(listed.keys, { cursor: listed.list_complete ? "" : listed.cursor });
      }
      default:
        return refuse(404, "not found");
    }
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const remote: RemoteServer = {
    env: {
      CLOUDFLARE_API_TOKEN: TOKEN,
      CLOUDFLARE_API_BASE_URL: `${origin}/api`,
      R2_ENDPOINT: `${origin}${S3_PREFIX}`,
    },
    requests,
    fault: () => undefined,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await runtime.dispose();
    },
  };
  return remote;
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

interface Forwarded {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: Buffer;
}

/** Passes a request on with its headers as they are, the signed Host among them. */
function forward(upstream: URL, request: IncomingMessage, body: Buffer): Promise<Forwarded> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = upstream;
    const options = { hostname, port, path: request.url, method: request.method, headers: request.headers };
    const forwarded = httpRequest(options, async (response) => {
      resolve({ status: response.statusCode!, headers: response.headers, body: await readBody(response) });
    });
    forwarded.on("error", reject);
    forwarded.end(body);
  });
}

/** Unfinished multipart uploads, as they pass by: ListMultipartUploads and ListParts, which the simulator lacks. */
function createUploadLog() {
  const uploads = new Map<
    string,
    { key: string; initiated: Date; parts: Map<number, { etag: string; bytes: number }> }
  >();
  const keyOf = (url: URL) => decodeURIComponent(url.pathname.split("/").slice(6).join("/"));
  return {
    note(method: string, url: URL, { status, headers, body }: Forwarded, sent: Buffer): void {
      if (status !== 200) return;
      const uploadId = url.searchParams.get("uploadId");
      if (method === "POST" && url.searchParams.has("uploads")) {
        const id = /<UploadId>(.*?)<\/UploadId>/.exec(body.toString())![1]!;
        uploads.set(id, { key: keyOf(url), initiated: new Date(), parts: new Map() });
      } else if (method === "PUT" && uploadId) {
        const part = { etag: String(headers.etag), bytes: sent.length };
        uploads.get(uploadId)?.parts.set(Number(url.searchParams.get("partNumber")), part);
      } else if (method === "POST" && uploadId) uploads.delete(uploadId);
    },
    list(url: URL): string | undefined {
      const uploadId = url.searchParams.get("uploadId");
      if (url.searchParams.has("uploads")) {
        const prefix = url.searchParams.get("prefix") ?? "";
        const found = [...uploads].filter(([, upload]) => upload.key.startsWith(prefix));
        const entries = found.map(
          ([id, { key, initiated }]) =>
            `<Upload><Key>${encodeEntities(key)}</Key><UploadId>${id}</UploadId><Initiated>${initiated.toISOString()}</Initiated></Upload>`,
        );
        return `<ListMultipartUploadsResult><IsTruncated>false</IsTruncated>${entries.join("")}</ListMultipartUploadsResult>`;
      }
      if (!uploadId) return undefined;
      const parts = [...(uploads.get(uploadId)?.parts ?? [])].map(
        ([number, { etag, bytes }]) =>
          `<Part><PartNumber>${number}</PartNumber><ETag>${encodeEntities(etag)}</ETag><Size>${bytes}</Size></Part>`,
      );
      return `<ListPartsResult><IsTruncated>false</IsTruncated>${parts.join("")}</ListPartsResult>`;
    },
  };
}
