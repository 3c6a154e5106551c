import { env } from "cloudflare:workers";
import { expect, inject, test, vi } from "vitest";
import { openEncoder } from "../../../worker/core/embedding/encoder/encoder.ts";
import plain from "../../../worker/core/embedding/encoder/kernel/plain.wasm";
import relaxed from "../../../worker/core/embedding/encoder/kernel/relaxed.wasm";
import { openKernel } from "../../../worker/core/embedding/encoder/kernel.ts";
import { cacheUrl, encoderKey } from "../../../worker/core/format/keys.ts";
import { createEncoders } from "../../../worker/storage/encoders.ts";

/** The encoder's file, and what it says it is. */
function encoderFile() {
  const bytes = Uint8Array.from(atob(inject("encoder").base64), (character) => character.charCodeAt(0));
  return { bytes, identity: openEncoder(bytes, openKernel(relaxed)).identity };
}

/** Address and headers of an encoder's copy in the data centre's cache. */
function cachedAs(hash: string, length: number) {
  const headers = { "cache-control": "max-age=60", "content-length": String(length) };
  return { url: cacheUrl(encoderKey(hash)), headers };
}

test.each([
  ["relaxed", relaxed],
  ["plain", plain],
])("the encoder gives the vectors that it gives in Node, to the bit: %s SIMD", (_, module) => {
  const { base64, texts, vectors } = inject("encoder");
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const kernel = openKernel(module);
  const place = kernel.reserve(bytes.byteLength);
  place.set(bytes);
  const encoder = openEncoder(place, kernel);
  const { dimensions } = encoder.identity;
  const found = new Float32Array(texts.length * dimensions);
  encoder.embedPassagesInto(texts, found);
  expect(Array.from(found)).toEqual(vectors);
  const query = new Float32Array(dimensions);
  encoder.embedInto(texts[0]!, query);
  expect(Array.from(query)).toEqual(vectors.slice(0, dimensions));
});

test("an encoder whose reads fail takes memory once, and answers as soon as it can be read", async () => {
  const { bytes, identity } = encoderFile();
  const key = encoderKey(identity.contentHash!);
  const instances = vi.spyOn(WebAssembly, "Instance");
  const encoders = createEncoders({
    bucket: env.INDEXES as never,
    kernel: relaxed,
    timing: { retry: 20 },
  });
  const { embedQuery } = encoders.embedderOf(identity);
  const damaged = bytes.slice().fill(7, -100);
  for (const stored of [damaged, damaged]) {
    await env.INDEXES.put(key, stored);
    await expect(embedQuery("a small dog")).rejects.toMatchObject({ code: "EMBEDDER_UNAVAILABLE" });
    expect(encoders.heldBytes).toBeGreaterThanOrEqual(bytes.byteLength);
    expect(encoders.missingBytes({ contentHash: identity.contentHash!, bytes: bytes.byteLength })).toBe(0);
    await scheduler.wait(30);
  }
  await env.INDEXES.put(key, bytes);
  expect(await embedQuery("a small dog")).toHaveLength(identity.dimensions);
  expect(instances).toHaveBeenCalledTimes(1);
  instances.mockRestore();
});

test("an encoder that R2 gives no answer for, or half of, is not available, to whoever reads it too", async () => {
  const { bytes, identity } = encoderFile();
  const half = { body: new Blob([bytes.slice(0, bytes.length / 2)]).stream(), size: bytes.length };
  for (const get of [() => new Promise(() => {}), async () => half]) {
    const encoders = createEncoders({ bucket: { get } as never, kernel: relaxed });
    const asked = [1, 2].map(() => encoders.embedderOf(identity).embedQuery("a small dog"));
    for (const { status, reason } of (await Promise.allSettled(asked)) as PromiseRejectedResult[]) {
      expect([status, reason.code]).toEqual(["rejected", "EMBEDDER_UNAVAILABLE"]);
    }
  }
});

test("a damaged copy of an encoder in the data centre's cache gives way to the bucket's", async () => {
  const { bytes, identity } = encoderFile();
  const cache = await caches.open("encoder-test");
  const { url, headers } = cachedAs(identity.contentHash!, bytes.byteLength);
  await cache.put(url, new Response(bytes.slice().fill(7, -100), { headers }));
  await env.INDEXES.put(encoderKey(identity.contentHash!), bytes);
  const encoders = createEncoders({
    bucket: env.INDEXES as never,
    cache: cache as never,
    kernel: relaxed,
    timing: { fill: 0 },
  });
  expect(await encoders.embedderOf(identity).embedQuery("a small dog")).toHaveLength(identity.dimensions);
  await encoders.prepare(identity);
  const copy = await (await cache.match(url))!.arrayBuffer();
  expect(new Uint8Array(copy)).toEqual(bytes);
});

test("a read of a cached encoder that another request takes over leaves the copy where it is", async () => {
  const { bytes, identity } = encoderFile();
  const cache = await caches.open("encoder-taken-over");
  const { url, headers } = cachedAs(identity.contentHash!, bytes.byteLength);
  await cache.put(url, new Response(bytes, { headers }));
  const { readable, writable } = new IdentityTransformStream();
  const stalled = [new Response(readable, { headers })];
  const slow = new Proxy(cache, {
    get: (target, name) =>
      name === "match"
        ? async () => stalled.pop() ?? target.match(url)
        : Reflect.get(target, name).bind(target),
  });
  const { embedQuery } = createEncoders({
    bucket: env.INDEXES as never,
    cache: slow as never,
    kernel: relaxed,
    timing: { stall: 20 },
  }).embedderOf(identity);
  const first = embedQuery("a small dog");
  expect(await embedQuery("a small dog")).toHaveLength(identity.dimensions);
  await new Blob([bytes]).stream().pipeTo(writable);
  expect(await first).toHaveLength(identity.dimensions);
  expect(await cache.match(url)).toBeDefined();
});
