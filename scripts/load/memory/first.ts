import { join } from "node:path";
import type { PublishStore } from "../../../build/publish/store.ts";
import { encoderKey, pointerKey, versionKey } from "../../../worker/core/format/keys.ts";
import { lengthsOf, parsePublishedManifest } from "../../../worker/storage/manifest.ts";
import { parsePointer } from "../../../worker/storage/pointer.ts";
import { medians } from "../../bench/clock.ts";
import { startWorkerd } from "../../bench/workerd.ts";
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
  /** Folder of the local state, as `startIsolate` has it. */
  readonly state: string;
  readonly store: PublishStore;
  readonly name: string;
  readonly body: string;
  readonly rounds: number;
}

/** Times the first search of a new isolate, which reads everything from R2, and a plain read of the same bytes, in turn. */
export async function measureFirst(options: FirstOptions): Promise<FirstAnswer> {
  const { state, name, body, rounds } = options;
  const ranges = await rangesOf(options);
  const first = async () => {
    // Stopped before it fills the data centre's cache.
    await using isolate = await startIsolate({ state, variables: { INDEX_NAME: name } });
    return await timed(new URL(`/v1/indexes/${name}/search`, isolate.url), body);
  };
  const plain = async () => {
    const settings = { r2Buckets: { INDEXES: IDS.bucket }, resourcePersistencePath: join(state, "v3") };
    await using workerd = await startWorkerd({ entry: join(import.meta.dirname, "plain.js"), settings });
    return await timed(workerd.url, JSON.stringify(ranges));
  };
  const [ms = 0, plainMs = 0] = await medians([first, plain], rounds);
  const bytes = ranges.reduce((sum, { length }) => sum + length, 0);
  const encoderBytes = ranges.at(-1)!.length;
  return { hotBytes: bytes - encoderBytes, encoderBytes, ms, plainMs };
}

/** Objects that the first answer needs, by the lengths that are read: manifest, hot parts, encoder. */
async function rangesOf({ store, name }: FirstOptions) {
  const bytesOf = async (key: string) => (await store.getObject(key))!.bytes;
  const text = async (key: string) => new TextDecoder().decode(await bytesOf(key));
  const { version } = parsePointer(await text(pointerKey(name)), name);
  const manifest = await text(versionKey(name, version, "manifest.json"));
  const published = parsePublishedManifest(manifest, version);
  const { forestHot, placementHot } = lengthsOf(published);
  const encoder = encoderKey(published.embedder!.contentHash!);
  return [
    { key: versionKey(name, version, "manifest.json"), length: Buffer.byteLength(manifest) },
    { key: versionKey(name, version, "forest.bin"), length: forestHot },
    { key: versionKey(name, version, "placement.bin"), length: placementHot },
    { key: encoder, length: (await bytesOf(encoder)).byteLength },
  ];
}

async function timed(url: URL | string, body: string): Promise<number> {
  const began = performance.now();
  const headers = { "content-type": "application/json" };
  const response = await fetch(url, { method: "POST", headers, body });
  const answer = await response.text();
  if (!response.ok) throw new Error(`The first request is answered with ${response.status}: ${answer}`);
  return performance.now() - began;
}
