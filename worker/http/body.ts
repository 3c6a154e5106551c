import type { HonoRequest } from "hono";
import { AnnoyEdgeError } from "../core/format/errors.ts";
import { mayBeRounded, parseJson } from "../core/format/integers.ts";
import { within } from "../core/time/wait.ts";
import { HttpError } from "./problems.ts";

export const MAX_BODY_BYTES = 1 << 20;
/** A batch of 100 searches by vectors of 1536 numbers is 3 MB. */
export const MAX_BATCH_BYTES = 4 << 20;
export const BODY_TIMEOUT = 10_000;

export interface BodyLimits {
  readonly maxBytes: number;
  /** Milliseconds that the whole body may take. */
  readonly timeout: number;
  /** Counts bytes of memory before they are taken; throws when there is no room. */
  readonly reserve: (bytes: number) => void;
}

/** Memory of a byte of a body: its text and what it says, beside it. */
const BYTES_HELD = 3;
/** A longer body is counted as it arrives: a sender that declares megabytes and stalls must not keep others out. */
const WHOLE_BYTES = 64 << 10;
const PIECE_BYTES = 64 << 10;

/**
 * The JSON of a request's body. Never holds more than `maxBytes`: an honest length is refused before reading, a body
 * without one as soon as it is over.
 *
 * @throws HttpError `UNSUPPORTED_MEDIA_TYPE`, `BODY_TOO_LARGE`, `BODY_TIMEOUT`, `INVALID_JSON`, `ISOLATE_BUSY`
 * @throws AnnoyEdgeError `BAD_CONFIGURATION` when an application around this one has left nothing of the body
 */
export async function readJson(request: HonoRequest, limits: BodyLimits): Promise<unknown> {
  const { raw } = request;
  checkMediaType(raw.headers);
  const declared = Number(raw.headers.get("content-length") ?? 0);
  if (declared > limits.maxBytes) throw tooLarge(limits.maxBytes);
  const text = decode(await withinTime(bytesOf(request, declared, limits), limits));
  if (text.trim() === "")
    throw new HttpError("INVALID_JSON", "The request has no body; it needs a JSON object.");
  try {
    return withExactFilters(JSON.parse(text), text);
  } catch (error) {
    const reason = error instanceof Error ? error.message.slice(0, 200) : "";
    throw new HttpError("INVALID_JSON", `The body is not JSON: ${reason}.`);
  }
}

/**
 * The body with its filters read anew, in which whole numbers beyond 2^53 are texts with all their digits: as such the index has
 * those of documents. All else are numbers that have their bounds.
 */
function withExactFilters(body: unknown, text: string): unknown {
  if (!mayBeRounded(text)) return body;
  return graft(body, parseJson(text));
}

function graft(body: unknown, exact: unknown): unknown {
  if (!isObject(body) || !isObject(exact)) return body;
  const { filter, searches } = exact;
  return {
    ...body,
    ...(filter !== undefined && { filter }),
    ...(Array.isArray(searches) &&
      Array.isArray(body.searches) && { searches: body.searches.map((one, i) => graft(one, searches[i])) }),
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function checkMediaType(headers: Headers): void {
  const type = headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (type && type !== "application/json" && !/^application\/[\w.+-]+\+json$/.test(type)) {
    throw new HttpError(
      "UNSUPPORTED_MEDIA_TYPE",
      `The body is ${type.slice(0, 80)}; send it as application/json.`,
      { accept: "application/json" },
    );
  }
  const encoding = headers.get("content-encoding")?.trim().toLowerCase();
  if (encoding && encoding !== "identity") {
    throw new HttpError(
      "UNSUPPORTED_MEDIA_TYPE",
      `The body has content encoding ${encoding.slice(0, 80)}; send it as it is.`,
      { "accept-encoding": "identity" },
    );
  }
}

function bytesOf(request: HonoRequest, declared: number, limits: BodyLimits): Promise<Uint8Array> {
  if (request.raw.bodyUsed) return keptBody(request, limits);
  if (declared <= 0 || declared > WHOLE_BYTES) return streamedBody(request.raw, limits);
  limits.reserve(BYTES_HELD * declared);
  return wholeBody(request.raw);
}

/** A body that an application around this one has read by Hono, which keeps it. */
async function keptBody(request: HonoRequest, { maxBytes, reserve }: BodyLimits): Promise<Uint8Array> {
  let bytes: Uint8Array;
  try {
    bytes = new Uint8Array(await request.arrayBuffer());
  } catch {
    const message =
      "Middleware around the search has read the request's body. Let it read c.req.json() or a clone instead of c.req.raw.";
    throw new AnnoyEdgeError("BAD_CONFIGURATION", message);
  }
  if (bytes.byteLength > maxBytes) throw tooLarge(maxBytes);
  reserve(BYTES_HELD * bytes.byteLength);
  return bytes;
}

/** A body whose length is declared, and so held to by HTTP: in one piece. */
async function wholeBody(request: Request): Promise<Uint8Array> {
  try {
    return new Uint8Array(await request.arrayBuffer());
  } catch {
    throw cutShort();
  }
}

/** A body piece by piece, so that none is held beyond the bound, and no memory is kept free for what never arrives. */
async function streamedBody(request: Request, limits: BodyLimits): Promise<Uint8Array> {
  if (!request.body) return new Uint8Array();
  const reader = readerOf(request.body);
  let bytes = new Uint8Array();
  let length = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done || !value) break;
      const end = length + value.byteLength;
      if (end > limits.maxBytes) throw tooLarge(limits.maxBytes);
      limits.reserve(BYTES_HELD * value.byteLength);
      // Grown by halves: pieces of one byte take no more memory than their bytes.
      if (end > bytes.length) bytes = copied(bytes, Math.max(end, Math.ceil(bytes.length * 1.5)));
      bytes.set(value, length);
      length = end;
    }
  } catch (error) {
    // The rest is of no interest; not waited for, since a sender that stalls would stall this too.
    reader.cancel().catch(() => {});
    if (error instanceof HttpError) throw error;
    throw cutShort();
  }
  return bytes.subarray(0, length);
}

interface PieceReader {
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
  cancel(): Promise<void>;
}

/** Reads pieces that hold until the next one is read. A stream of the runtime's own fills a buffer, in a quarter of the reads. */
function readerOf(body: ReadableStream<Uint8Array>): PieceReader {
  let reader: ReadableStreamBYOBReader;
  try {
    reader = body.getReader({ mode: "byob" });
  } catch {
    return body.getReader();
  }
  let buffer = new ArrayBuffer(PIECE_BYTES);
  return {
    async read() {
      const piece = await reader.read(new Uint8Array(buffer));
      if (piece.value) buffer = piece.value.buffer;
      return piece;
    },
    cancel: () => reader.cancel(),
  };
}

function copied(bytes: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  const longer = new Uint8Array(length);
  longer.set(bytes);
  return longer;
}

/** Rejects when the body has not arrived in time. */
async function withinTime<T>(body: Promise<T>, { timeout }: BodyLimits): Promise<T> {
  return within(body, timeout, () => {
    throw new HttpError("BODY_TIMEOUT", `The body did not arrive within ${timeout / 1000} s.`);
  });
}

function cutShort(): HttpError {
  return new HttpError("INVALID_JSON", "The body ended before it was complete.");
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    throw new HttpError("INVALID_JSON", "The body is not UTF-8.");
  }
}

function tooLarge(maxBytes: number): HttpError {
  return new HttpError("BODY_TOO_LARGE", `The body has more than ${maxBytes} bytes, the most that is read.`);
}
