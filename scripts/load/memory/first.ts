import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { median } from "../../../build/numeric/statistics.ts";
import type { PublishStore } from "../../../build/publish/store.ts";
import { encoderKey, pointerKey, versionKey } from "../../../worker/core/format/keys.ts";
import { lengthsOf, parsePublishedManifest } from "../../../worker/storage/manifest.ts";
import { parsePointer } from "../../../worker/storage/pointer.ts";
import { IDS, startIsolate } from "./isolate.ts";

/** Bytes that an isolate reads for its first answer, and medians in milliseconds. */
export interface FirstAnswer {
  readonly hotBytes: number;
  readonly encoderBytes: number;
  /** From sending the request to the last byte of the answer. */
  readonly ms: number;
  /** A bare Worker that reads the same ranges of the same objects at once, and nothing else. */
  readonly plainMs: number;
}

export interface FirstOptions {
  readonly root: string;
  /** Folder of the local state, as `startIsolate` has it. */
  readonly state: string;
  readonly store: PublishStore;
  readonly name: string;
  readonly body: string;
  readonly rounds: number;
}

interface Range {
  readonly key: string;
  readonly length: number;
}

const PLAIN = `export default { async fetch(request, env) {
  const ranges = await request.json();
  await Promise.all(ranges.map(async ({ key, length }) => {
    const { body } = await env.INDEXES.get(key, { range: { offset: 0, length } });
    const reader = body.getReader({ mode: "byob" });
    for (let buffer = new ArrayBuffer(1 << 20); ; ) {
      const { value, done } = await reader.readAtLeast(1 << 20, new Uint8Array(buffer));
      if (done) return;
      buffer = value.buffer;
    }
  }));
  return new Response("read");
} };`;

/** Times the first search of a new isolate, which reads everything from R2, and a plain read of the same bytes, in turn. */
export async function measureFirst(options: FirstOptions): Promise<FirstAnswer> {
  const { root, state, name, body, rounds } = options;
  const ranges = await rangesOf(options);
  const [first, plain]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    const isolate = await startIsolate(root, state, { INDEX_NAME: name });
    const url = new URL(`/v1/indexes/${name}/search`, isolate.url);
    // Stopped before it fills the data centre's cache.
    first.push(await timed(url, body).finally(isolate.stop));
    plain.push(await timedPlain(state, JSON.stringify(ranges)));
  }
  const encoderBytes = ranges.at(-1)!.length;
  const hotBytes = ranges.slice(0, -1).reduce((sum, { length }) => sum + length, 0);
  return { hotBytes, encoderBytes, ms: median(first), plainMs: median(plain) };
}

/** Objects that the first answer needs, by the lengths that are read: manifest, hot parts, encoder. */
async function rangesOf({ store, name }: FirstOptions): Promise<Range[]> {
  const text = async (key: string) => new TextDecoder().decode((await store.getObject(key))!.bytes);
  const { version } = parsePointer(await text(pointerKey(name)), name);
  const manifest = await text(versionKey(name, version, "manifest.json"));
  const published = parsePublishedManifest(manifest, version);
  const lengths = lengthsOf(published);
  const encoder = encoderKey(published.embedder!.contentHash!);
  return [
    { key: versionKey(name, version, "manifest.json"), length: Buffer.byteLength(manifest) },
    { key: versionKey(name, version, "forest.bin"), length: lengths.forestHot },
    { key: versionKey(name, version, "placement.bin"), length: lengths.placementHot },
    { key: encoder, length: (await store.getObject(encoder))!.bytes.byteLength },
  ];
}

async function timedPlain(state: string, body: string): Promise<number> {
  const runtime = new Miniflare(
    convertV4MiniflareOptions({
      ...{ modules: true, script: PLAIN, compatibilityDate: "2026-10-20", cf: false },
      ...{ r2Buckets: { INDEXES: IDS.bucket }, resourcePersistencePath: `${state}/v3` },
    }),
  );
  try {
    return await timed((await runtime.ready).origin, body);
  } finally {
    await runtime.dispose();
  }
}

async function timed(url: URL | string, body: string): Promise<number> {
  const began = performance.now();
  const headers = { "content-type": "application/json" };
  const response = await fetch(url, { method: "POST", headers, body });
  const answer = await response.text();
  if (!response.ok) throw new Error(`The first request is answered with ${response.status}: ${answer}`);
  return performance.now() - began;
}
