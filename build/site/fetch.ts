import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { Readable } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { SourceError } from "../sources/errors.ts";
import { isPrivateAddress, literalOf, PrivateAddressError, publicLookup } from "./addresses.ts";

/** An answer, with its body unless that is too long. */
export interface Answer {
  /** Redirects followed. */
  readonly url: string;
  readonly status: number;
  readonly type: string;
  /** Lines of `X-Robots-Tag`. */
  readonly robots: readonly string[];
  /** Absent when it is longer than asked for, or there was a reason not to read it. */
  readonly body?: Uint8Array;
  /** Target of a redirect that was not followed. */
  readonly leadsTo?: string;
}

export interface Asked {
  readonly maxBytes: number;
  /** Whether the body is wanted. */
  readonly wants?: (answer: Omit<Answer, "body">) => boolean;
  /** Whether a redirect is followed. */
  readonly follows: (target: URL) => boolean;
}

export interface FetcherOptions {
  /** Whether addresses of this machine and its network may be asked. */
  readonly allowPrivate: boolean;
  /** Milliseconds that an answer may take, its body included. */
  readonly timeout: number;
}

export type Fetcher = ReturnType<typeof createFetcher>;

const MAX_REDIRECTS = 10;
const UNPACK: Readonly<Record<string, () => NodeJS.ReadWriteStream & Readable>> = {
  gzip: createGunzip,
  "x-gzip": createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

/** A client that follows redirects by rules, reads no more than asked for, and waits no longer than allowed. */
export function createFetcher({ allowPrivate, timeout }: FetcherOptions) {
  const connection = { keepAlive: true, ...(!allowPrivate && { lookup: publicLookup }) };
  const agents = { "http:": new HttpAgent(connection), "https:": new HttpsAgent(connection) };

  const ask = (url: URL, signal: AbortSignal) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const literal = literalOf(url.hostname);
      if (!allowPrivate && literal !== undefined && isPrivateAddress(literal)) {
        return reject(new PrivateAddressError(`${url.hostname} is private`));
      }
      const secure = url.protocol === "https:";
      const request = (secure ? httpsRequest : httpRequest)(url, {
        agent: secure ? agents["https:"] : agents["http:"],
        signal,
        headers: { "user-agent": "annoy-edge (site search indexer)", "accept-encoding": "gzip, br" },
      });
      request.once("response", resolve).once("error", reject).end();
    });

  const follow = async (start: string, asked: Asked, signal: AbortSignal): Promise<Answer> => {
    let url = new URL(start);
    for (let redirects = 0; ; redirects++) {
      const response = await ask(url, signal);
      const status = response.statusCode ?? 0;
      const answer = {
        url: url.href.replace(/#.*$/s, ""),
        status,
        type: response.headers["content-type"] ?? "",
        robots: response.headersDistinct["x-robots-tag"] ?? [],
      };
      const target =
        status >= 300 && status < 400 && response.headers.location
          ? URL.parse(response.headers.location, url)
          : null;
      if (target) {
        response.destroy();
        if (!/^https?:$/.test(target.protocol) || !asked.follows(target))
          return { ...answer, leadsTo: target.href };
        if (redirects >= MAX_REDIRECTS) throw unreadable(start, "it redirects again and again");
        url = target;
        continue;
      }
      if (asked.wants && !asked.wants(answer)) {
        response.destroy();
        return answer;
      }
      const body = await bodyOf(response, asked.maxBytes);
      return { ...answer, ...(body && { body }) };
    }
  };

  return {
    /** @throws SourceError `UNREADABLE_SOURCE` when there is no answer, or it is not of use in time */
    async fetch(url: string, asked: Asked): Promise<Answer> {
      const signal = AbortSignal.timeout(timeout);
      try {
        return await follow(url, asked, signal);
      } catch (cause) {
        if (cause instanceof SourceError) throw cause;
        if (cause instanceof PrivateAddressError)
          throw unreadable(url, "it is an address of a private network, and the sitemap's is not", cause);
        if (signal.aborted) throw unreadable(url, `it does not answer within ${timeout / 1000} s`, cause);
        throw unreadable(url, "it cannot be reached, or breaks off", cause);
      }
    },
    close() {
      agents["http:"].destroy();
      agents["https:"].destroy();
    },
  };
}

/** The bytes of a body, unpacked; undefined when there are more than asked for. Counted as they come. */
async function bodyOf(response: IncomingMessage, maxBytes: number): Promise<Uint8Array | undefined> {
  const packing = response.headers["content-encoding"]?.trim().toLowerCase() ?? "";
  const unpacker = Object.hasOwn(UNPACK, packing) ? UNPACK[packing]!() : undefined;
  const stream: Readable = unpacker ?? response;
  if (unpacker) {
    response.on("error", (error) => unpacker.destroy(error));
    response.pipe(unpacker);
  }
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of stream) {
      const bytes: Uint8Array = chunk;
      length += bytes.length;
      if (length > maxBytes) return undefined;
      chunks.push(bytes);
    }
  } finally {
    response.destroy();
  }
  return Buffer.concat(chunks);
}

export function unreadable(url: string, what: string, cause?: unknown): SourceError {
  return new SourceError("UNREADABLE_SOURCE", `${url} cannot be read: ${what}.`, { cause });
}
