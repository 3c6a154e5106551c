import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { align } from "../../../build/artifact/layout.ts";
import { publish } from "../../../build/publish/publish.ts";
import type { PublishStore } from "../../../build/publish/store.ts";
import { checksum } from "../../../worker/core/format/checksum.ts";
import { SECTION_ALIGNMENT } from "../../../worker/core/format/constants.ts";
import { decodeHeader, encodeHeader, tableEnd } from "../../../worker/core/format/header.ts";
import { pointerKey, versionKey } from "../../../worker/core/format/keys.ts";
import { lengthsOf, parsePublishedManifest } from "../../../worker/storage/manifest.ts";
import { parsePointer } from "../../../worker/storage/pointer.ts";

/** Kind of a section that no reader knows, and that every reader therefore keeps without a look at it. */
const PADDING = 9999;

/** Versions of one index with equal contents and different names, among which the pointer moves. */
export interface Versions {
  readonly name: string;
  readonly versions: readonly string[];
  /** Bytes of a version's hot part. */
  readonly hotBytes: number;
  /** Makes a version the current one. */
  point(version: string): Promise<void>;
}

export interface VersionOptions {
  readonly store: PublishStore;
  readonly dir: string;
  /** Bytes that the hot part has at least; a section that is never looked at fills it. */
  readonly hotBytes: number;
  readonly count: number;
}

/** Publishes an artifact, then lays versions of the wanted size beside it, the first of which becomes current. */
export async function writeVersions({ store, dir, hotBytes, count }: VersionOptions): Promise<Versions> {
  const { version: original, name } = await publish(store, dir, { by: "npm run memory", force: true });
  const read = async (key: string) => (await store.getObject(key))!.bytes;
  const text = async (key: string) => new TextDecoder().decode(await read(key));
  const published = parsePublishedManifest(await text(versionKey(name, original, "manifest.json")), original);
  const placement = await read(versionKey(name, original, "placement.bin"));
  const padded = padHot(await readFile(join(dir, "forest.bin")), hotBytes);
  const forest = { ...published.files["forest.bin"], bytes: padded.bytes.byteLength };
  const manifest = {
    ...{ ...published, hotBytes: padded.hotBytes },
    files: { ...published.files, "forest.bin": forest },
  };
  const versions = Array.from({ length: count }, (_, i) => `${i}`.padStart(16, "0"));
  for (const version of versions) {
    await store.putObject(versionKey(name, version, "forest.bin"), padded.bytes);
    await store.putObject(versionKey(name, version, "placement.bin"), placement);
    await store.putObject(versionKey(name, version, "manifest.json"), jsonBytes({ ...manifest, version }));
  }
  const point = async (version: string): Promise<void> => {
    const pointer = parsePointer(await text(pointerKey(name)), name);
    const lengths = lengthsOf({ ...manifest, version });
    await store.putObject(pointerKey(name), jsonBytes({ ...pointer, version, lengths, previous: null }));
  };
  await point(versions[0]!);
  return { name, versions, hotBytes: padded.hotBytes, point };
}

function jsonBytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

/** Lengthens the hot part by a section that fills it. */
function padHot(forest: Uint8Array, wanted: number): { bytes: Uint8Array; hotBytes: number } {
  const { header, sections } = decodeHeader(forest);
  const filling = align(wanted) - align(header.hotBytes);
  if (filling <= 0) return { bytes: forest, hotBytes: header.hotBytes };
  // What lies behind the table moves by what the table grows, the cold part by the filling as well.
  const grown = align(tableEnd(sections.length + 1)) - align(tableEnd(sections.length));
  const at = align(header.hotBytes) + grown;
  const moved = sections.map((section) => ({
    ...section,
    offset: section.offset + grown + (section.hot ? 0 : filling),
  }));
  const firstCold = moved.findIndex(({ hot }) => !hot);
  const padding = new Uint8Array(filling);
  moved.splice(firstCold < 0 ? moved.length : firstCold, 0, {
    ...{ kind: PADDING, hot: true, critical: false, offset: at, length: filling },
    checksum: checksum(padding),
  });
  const bytes = new Uint8Array(forest.byteLength + grown + filling + SECTION_ALIGNMENT);
  for (const [i, { offset, length }] of sections.entries()) {
    const place = moved[firstCold >= 0 && i >= firstCold ? i + 1 : i]!.offset;
    bytes.set(forest.subarray(offset, offset + length), place);
  }
  const fileBytes = Math.max(...moved.map(({ offset, length }) => offset + length));
  const hotBytes = at + filling;
  bytes.set(encodeHeader({ ...header, fileBytes, hotBytes }, moved));
  return { bytes: bytes.subarray(0, fileBytes), hotBytes };
}
