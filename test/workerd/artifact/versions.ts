import { env } from "cloudflare:workers";
import { checksum } from "../../../worker/core/format/checksum.ts";
import { SECTIONS } from "../../../worker/core/format/constants.ts";
import { CURRENT_VERSION, encodeHeader, tableEnd } from "../../../worker/core/format/header.ts";
import { pointerKey, versionKey } from "../../../worker/core/format/keys.ts";
import type { ArtifactMeta } from "../../../worker/core/format/meta.ts";
import { encodePlacement, NO_DOCUMENT } from "../../../worker/core/format/placement.ts";
import { lengthsOf, type PublishedManifest } from "../../../worker/storage/manifest.ts";
import type { Pointer } from "../../../worker/storage/pointer.ts";

/** Versions of an index written straight into R2, whole or damaged, for tests of reading. */

export const version = (n: number): string => n.toString(16).padStart(16, "0");

/** An artifact of a meta section and `bytes` bytes that all say `mark`. */
function encodeForest(name: string, mark: number, bytes: number): { forest: Uint8Array; meta: ArtifactMeta } {
  const certified = {
    target: 0.95,
    queries: 10,
    heldOut: true,
    rows: [],
    defaultSearchK: 10,
    recallAt1: 1,
    recallAt10: 1,
    recallAt100: 1,
  };
  const meta: ArtifactMeta = {
    name,
    metric: "angular",
    dimensions: 4,
    items: 1,
    codec: "int8",
    rescore: "none",
    forest: { kind: "flat", trees: 0, splitNodes: 0, leafNodes: 0, leafSize: 0, seed: 1 },
    embedder: null,
    certified,
  };
  const json = new TextEncoder().encode(JSON.stringify(meta));
  const body = new Uint8Array(bytes).fill(mark);
  const first = Math.ceil(tableEnd(2) / 64) * 64;
  const second = Math.ceil((first + json.length) / 64) * 64;
  const fileBytes = second + bytes;
  const header = {
    ...CURRENT_VERSION,
    fileBytes,
    hotBytes: fileBytes,
    metric: "angular",
    codec: "int8",
    forestKind: "flat",
    rescore: "none",
    dimensions: 4,
    nItems: 1,
    nSlots: 1,
    nTrees: 0,
    defaultSearchK: 10,
    seed: 1,
    leafSize: 0,
    certifiedRecall: 1,
  } as const;
  const forest = new Uint8Array(fileBytes);
  forest.set(
    encodeHeader(header, [section(SECTIONS.meta, first, json), section(SECTIONS.vectors, second, body)]),
  );
  forest.set(json, first);
  forest.set(body, second);
  return { forest, meta };
}

function section(kind: number, offset: number, bytes: Uint8Array) {
  return { kind, hot: true, critical: false, offset, length: bytes.length, checksum: checksum(bytes) };
}

export interface WriteOptions {
  readonly bytes?: number;
  /** Changes forest.bin before it is stored. */
  readonly damage?: (forest: Uint8Array) => Uint8Array;
}

/** Stores version `n`, whose bytes all say `n`, without making it current. */
export async function writeVersion(name: string, n: number, options: WriteOptions = {}): Promise<void> {
  const { forest, meta } = encodeForest(name, n, options.bytes ?? 1024);
  const lineHashes = new Uint8Array(0);
  const entries = Uint32Array.of(NO_DOCUMENT);
  const placement = encodePlacement({ nItems: 1, pages: [], packs: [], entries, lineHashes });
  const stored = options.damage?.(forest.slice()) ?? forest;
  const manifest: PublishedManifest = {
    ...meta,
    format: "annoy-edge",
    formatVersion: "1.0",
    version: version(n),
    hotBytes: forest.length,
    files: {
      "forest.bin": { bytes: forest.length, sha256: "" },
      "documents.jsonl": { bytes: 0, sha256: "" },
    },
    placement: {
      bytes: placement.bytes.length,
      sha256: "",
      hotBytes: placement.hotBytes,
      pages: 0,
      pageBytes: 0,
    },
    publication: { at: new Date().toISOString(), by: "test" },
  };
  await env.INDEXES.put(versionKey(name, version(n), "forest.bin"), stored);
  await env.INDEXES.put(versionKey(name, version(n), "placement.bin"), placement.bytes);
  await env.INDEXES.put(versionKey(name, version(n), "manifest.json"), JSON.stringify(manifest));
}

/** Makes version `n`, which is stored already, current. */
export async function point(name: string, n: number, previous?: number): Promise<void> {
  const at = new Date().toISOString();
  const manifest = await env.INDEXES.get(versionKey(name, version(n), "manifest.json"));
  const lengths = lengthsOf(await manifest!.json());
  const pointer: Pointer = {
    format: "annoy-edge-pointer",
    formatVersion: 1,
    name,
    version: version(n),
    lengths,
    previous: previous === undefined ? null : version(previous),
    publishedAt: at,
    by: "test",
    history: [{ version: version(n), at, by: "test", action: "publish", items: 1 }],
  };
  await env.INDEXES.put(pointerKey(name), JSON.stringify(pointer));
}
