import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { buffer } from "node:stream/consumers";
import { promisify } from "node:util";
import { gzip } from "node:zlib";

const compress = promisify(gzip);
const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
};

export interface SideServer extends AsyncDisposable {
  readonly url: string;
}

export interface SideServerOptions {
  /** Pages by their paths: HTML. */
  readonly pages: Readonly<Record<string, string>>;
  /** Folders by the paths that they are served under, as `/pagefind/`. */
  readonly folders: Readonly<Record<string, string>>;
  /** Origin of the Worker, which answers at `/v1/`; without one nothing does. */
  readonly worker?: string;
}

/**
 * Serves both searches from one origin, text compressed as hosts do, so that what differs is what they load. Files of Pagefind's
 * index are compressed already.
 */
export async function serveSides({ pages, folders, worker }: SideServerOptions): Promise<SideServer> {
  const server = createServer(async (request, response) => {
    try {
      const path = normalize(decodeURIComponent(new URL(request.url ?? "/", "http://x").pathname));
      const page = pages[path];
      if (page !== undefined) return await send(response, 200, ".html", Buffer.from(page));
      const [prefix, folder] = Object.entries(folders).find(([start]) => path.startsWith(start)) ?? [];
      if (prefix !== undefined && folder !== undefined) {
        const body = await readFile(join(folder, path.slice(prefix.length)));
        return await send(response, 200, extname(path), body);
      }
      if (worker === undefined || !path.startsWith("/v1/")) return response.writeHead(404).end();
      const body = await buffer(request);
      const answer = await fetch(new URL(request.url ?? "/", worker), {
        method: request.method ?? "GET",
        ...(body.length > 0 && { headers: { "content-type": "application/json" }, body }),
      });
      return await send(response, answer.status, ".json", Buffer.from(await answer.arrayBuffer()));
    } catch {
      response.writeHead(404).end();
    }
    return undefined;
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  // A TCP server's address is an object.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await server[Symbol.asyncDispose]();
    },
  };
}

async function send(response: ServerResponse, status: number, ending: string, body: Buffer): Promise<void> {
  const type = TYPES[ending];
  response.writeHead(status, {
    "content-type": type ?? "application/octet-stream",
    "cache-control": "max-age=3600",
    ...(type && { "content-encoding": "gzip" }),
  });
  response.end(type ? await compress(body) : body);
}
