import { createHash } from "node:crypto";
import { mkdir, open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import { encoderKey, packKey, pageKey, shardFolder, versionKey } from "../../worker/core/format/keys.ts";
import type { Manifest, ManifestFile } from "../../worker/core/format/meta.ts";
import { decodeLine } from "../../worker/core/format/page.ts";
import {
  decodePlacement,
  NO_DOCUMENT,
  type PlacedPage,
  type Placement,
  pageOf,
  slotOf,
} from "../../worker/core/format/placement.ts";
import { parsePublishedManifest, parseShardManifest } from "../../worker/storage/manifest.ts";
import { BASE_FOLDER, ENCODER_FILE } from "../artifact/version.ts";
import { pageHash } from "./pack.ts";
import { partsOf } from "./published-manifest.ts";
import type { PublishStore } from "./store.ts";

const RANGE_BYTES = 64 * 1024 * 1024;
const BATCH_PAGES = 100;

/**
 * Writes a published version as the artifact folder that it was made from, from R2 and KV alone. Its bytes are those that
 * were published, documents included, so `verify` holds for it what held there.
 *
 * @throws AnnoyEdgeError `VERSION_INCOMPLETE` naming what is gone
 */
export async function downloadVersion(
  store: PublishStore,
  name: string,
  version: string,
  dir: string,
): Promise<void> {
  const read = async (key: string): Promise<Uint8Array> => {
    const object = await store.getObject(key);
    if (!object) throw incomplete(`${key} is not there`);
    return object.bytes;
  };
  const text = async (key: string) => new TextDecoder().decode(await read(key));
  const whole = parsePublishedManifest(await text(versionKey(name, version, "manifest.json")), version);
  if (whole.base) await downloadVersion(store, name, whole.base.version, join(dir, BASE_FOLDER));
  const encoder = whole.embedder?.provider === "encoder" ? whole.embedder.contentHash : undefined;
  if (encoder !== undefined) {
    await mkdir(dir, { recursive: true });
    await writeFile(join(dir, ENCODER_FILE), await read(encoderKey(encoder)));
  }
  for (const ref of partsOf(whole)) {
    const shard = ref?.number;
    const folder = shard === undefined ? dir : join(dir, shardFolder(shard));
    await mkdir(folder, { recursive: true });
    const key = versionKey(name, version, "manifest.json", shard);
    const published = ref ? parseShardManifest(await text(key), version, ref) : whole;
    const {
      placement: _placement,
      publication: _publication,
      corpus: _corpus,
      baseFiles: _baseFiles,
      encoder: _encoder,
      etags: _etags,
      ...manifest
    } = published;
    await downloadObject(
      store,
      versionKey(name, version, "forest.bin", shard),
      manifest.files["forest.bin"],
      join(folder, "forest.bin"),
    );
    const placement = decodePlacement(await read(versionKey(name, version, "placement.bin", shard)));
    await writeDocumentsOf(store, name, placement, join(folder, "documents.jsonl"));
    // Last: a folder without it is none.
    const written: Manifest = manifest;
    await writeFile(join(folder, "manifest.json"), `${JSON.stringify(written, null, 2)}\n`);
  }
}

async function downloadObject(
  store: PublishStore,
  key: string,
  { bytes, sha256 }: ManifestFile,
  path: string,
): Promise<void> {
  const digest = createHash("sha256");
  const file = await open(path, "w");
  try {
    for (let offset = 0; offset < bytes; offset += RANGE_BYTES) {
      const length = Math.min(RANGE_BYTES, bytes - offset);
      const object = await store.getObject(key, { offset, length });
      if (object?.bytes.byteLength !== length)
        throw incomplete(`${key} is not there, or shorter than ${bytes}`);
      digest.update(object.bytes);
      await file.writeFile(object.bytes);
    }
  } finally {
    await file.close();
  }
  if (digest.digest("hex") !== sha256) throw incomplete(`${key} was changed`);
}

async function writeDocumentsOf(
  store: PublishStore,
  name: string,
  placement: Placement,
  path: string,
): Promise<void> {
  const texts: string[] = [];
  for (let i = 0; i < placement.pages.length; i += BATCH_PAGES) {
    const pages = placement.pages.slice(i, i + BATCH_PAGES);
    texts.push(...(await readPages(store, name, placement.packs, pages)));
  }
  const file = await open(path, "w");
  try {
    let lines: string[] = [];
    for (const [item, entry] of placement.entries.entries()) {
      if (entry === NO_DOCUMENT) continue;
      const { id, pageContent, metadata } = decodeLine(texts[pageOf(entry)]!, slotOf(entry));
      lines.push(`${JSON.stringify({ item, id, pageContent, metadata })}\n`);
      if (lines.length === 1000) {
        await file.writeFile(lines.join(""));
        lines = [];
      }
    }
    await file.writeFile(lines.join(""));
  } finally {
    await file.close();
  }
}

async function readPages(
  store: PublishStore,
  name: string,
  packs: readonly string[],
  pages: readonly PlacedPage[],
): Promise<string[]> {
  const found = await store.getPages(pages.map(({ hash: page }) => pageKey(name, page)));
  return Promise.all(
    pages.map(async (page) => {
      const text = found.get(pageKey(name, page.hash));
      if (typeof text === "string" && pageHash(Buffer.from(text)) === page.hash) return text;
      const range = { offset: page.packOffset, length: page.bytes };
      const copy = (await store.getObject(packKey(name, packs[page.pack] ?? ""), range))?.bytes;
      if (copy && pageHash(copy) === page.hash) return new TextDecoder().decode(copy);
      throw incomplete(`page ${page.hash} is sound neither in KV nor in its pack`);
    }),
  );
}

function incomplete(what: string): AnnoyEdgeError {
  return new AnnoyEdgeError(
    "VERSION_INCOMPLETE",
    `The published version cannot be read: ${what}. "annoy-edge verify --published" lists what is gone; publish its artifact again.`,
  );
}
