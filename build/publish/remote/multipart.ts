import { type FileHandle, open } from "node:fs/promises";
import { AnnoyEdgeError } from "../../../worker/core/format/errors.ts";
import { readRange } from "../../artifact/file-bytes.ts";
import { PART_BYTES } from "../cost.ts";
import type { FileSource, ObjectInfo } from "../store.ts";
import { type S3Bucket, unquote } from "./s3.ts";
import { decodeEntities, elements, encodeEntities, text } from "./xml.ts";

/** Parts in flight at once; each holds its bytes. */
const CONCURRENCY = 4;

interface UploadedPart {
  readonly etag: string;
  readonly bytes: number;
}

/**
 * Uploads a file in parts, to a key that is named after the file's content. An upload of the same key that an interrupted
 * publish began is gone on with: parts that are there in full are not sent again, as their content can only be the same.
 * R2 forgets what is not completed after 7 days.
 */
export async function uploadMultipart(
  s3: S3Bucket,
  key: string,
  { path, bytes }: FileSource,
  contentType: string,
  onProgress?: (bytesDone: number) => void,
): Promise<ObjectInfo> {
  const found = await findUpload(s3, key);
  const uploadId = found ?? (await createUpload(s3, key, contentType));
  const uploaded = found ? await listParts(s3, key, found) : new Map<number, UploadedPart>();
  const count = Math.ceil(bytes / PART_BYTES);
  const etags = new Array<string>(count);
  let next = 0;
  let done = 0;
  const file = await open(path, "r");
  try {
    const worker = async (): Promise<void> => {
      while (next < count) {
        const index = next++;
        const offset = index * PART_BYTES;
        const length = Math.min(PART_BYTES, bytes - offset);
        const there = uploaded.get(index + 1);
        etags[index] =
          there?.bytes === length
            ? there.etag
            : await uploadPart(s3, key, uploadId, index + 1, await readPart(file, offset, length));
        done += length;
        onProgress?.(done);
      }
    };
    await allOrFirstFailure(Array.from({ length: Math.min(CONCURRENCY, count) }, worker), () => {
      next = count;
    });
  } finally {
    await file.close();
  }
  return { key, etag: await complete(s3, key, uploadId, etags), bytes, uploaded: new Date() };
}

/** Waits for all; at the first failure `stop` is called, and what is under way is waited for. */
async function allOrFirstFailure(work: readonly Promise<void>[], stop: () => void): Promise<void> {
  for (const piece of work) piece.catch(stop);
  const results = await Promise.allSettled(work);
  const failed = results.find((result) => result.status === "rejected");
  if (failed) throw failed.reason;
}

async function readPart(file: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const part = await readRange(file, offset, length);
  if (part.byteLength === length) return part;
  throw new AnnoyEdgeError("ARTIFACT_CHANGED", "The artifact became shorter while it was uploaded.");
}

/** The newest unfinished upload of this very key. Servers without the listing just begin anew. */
async function findUpload(s3: S3Bucket, key: string): Promise<string | undefined> {
  const response = await s3.send({ method: "GET", query: { uploads: "", prefix: key }, accept: [501] });
  const xml = await response.text();
  if (response.status === 501) return undefined;
  const uploads = elements(xml, "Upload").filter((upload) => decodeEntities(text(upload, "Key")) === key);
  uploads.sort((a, b) => text(b, "Initiated").localeCompare(text(a, "Initiated")));
  return uploads[0] && decodeEntities(text(uploads[0], "UploadId"));
}

async function createUpload(s3: S3Bucket, key: string, contentType: string): Promise<string> {
  const headers = { "content-type": contentType };
  const response = await s3.send({ method: "POST", key, query: { uploads: "" }, headers });
  return decodeEntities(text(await response.text(), "UploadId"));
}

async function listParts(s3: S3Bucket, key: string, uploadId: string): Promise<Map<number, UploadedPart>> {
  const parts = new Map<number, UploadedPart>();
  for (let marker = "", more = true; more; ) {
    const query = { uploadId, ...(marker && { "part-number-marker": marker }) };
    const response = await s3.send({ method: "GET", key, query, accept: [501] });
    const xml = await response.text();
    if (response.status === 501) return parts;
    for (const part of elements(xml, "Part")) {
      parts.set(Number(text(part, "PartNumber")), {
        etag: unquote(decodeEntities(text(part, "ETag"))),
        bytes: Number(text(part, "Size")),
      });
    }
    marker = text(xml, "NextPartNumberMarker");
    more = text(xml, "IsTruncated") === "true" && marker !== "";
  }
  return parts;
}

async function uploadPart(
  s3: S3Bucket,
  key: string,
  uploadId: string,
  partNumber: number,
  body: Uint8Array,
): Promise<string> {
  const query = { partNumber: String(partNumber), uploadId };
  const response = await s3.send({ method: "PUT", key, query, body });
  await response.body?.cancel();
  return unquote(response.headers.get("etag"));
}

async function complete(
  s3: S3Bucket,
  key: string,
  uploadId: string,
  etags: readonly string[],
): Promise<string> {
  const parts = etags.map(
    (etag, i) => `<Part><PartNumber>${i + 1}</PartNumber><ETag>${encodeEntities(`"${etag}"`)}</ETag></Part>`,
  );
  const xml = `<CompleteMultipartUpload>${parts.join("")}</CompleteMultipartUpload>`;
  const response = await s3.send({
    method: "POST",
    key,
    query: { uploadId },
    headers: { "content-type": "application/xml" },
    body: new TextEncoder().encode(xml),
  });
  const answer = await response.text();
  // S3 may report the failure of a completion behind a status of 200.
  if (text(answer, "Code")) {
    throw new AnnoyEdgeError("REMOTE_FAILED", `R2 could not complete ${key}: ${text(answer, "Message")}`);
  }
  return unquote(decodeEntities(text(answer, "ETag")));
}
