import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, onTestFinished, test, vi } from "vitest";
import { requireBytes } from "../../../worker/core/format/artifact.ts";
import { cacheUrl, pointerKey, versionKey } from "../../../worker/core/format/keys.ts";
import type { ReadRanges } from "../../../worker/storage/cold.ts";
import { loadShard } from "../../../worker/storage/load.ts";
import type { Pointer } from "../../../worker/storage/pointer.ts";
import { createIndexReader } from "../../../worker/storage/reader.ts";
import type { IndexReader, IndexReaderOptions } from "../../../worker/storage/types.ts";
import { point, version, writeVersion } from "./versions.ts";

/** Content of the tests' versions: the byte that fills them, from their first and from their last place. */
interface Marks {
  readonly first: number;
  readonly last: number;
}

let names = 0;

function readerOf(options: Partial<IndexReaderOptions<Marks>> = {}): {
  name: string;
  reader: IndexReader<Marks>;
} {
  const name = options.name ?? `reader-${names++}`;
  const reader = createIndexReader<Marks>({
    name,
    bucket: env.INDEXES,
    refreshSeconds: 0,
    open: ({ artifact }) => {
      const bytes = requireBytes(artifact, "vectors");
      return { first: bytes[0]!, last: bytes.at(-1)! };
    },
    ...options,
  });
  return { name, reader };
}

/** A reader that has the first of two versions of a megabyte. */
async function readerOfTwo(
  options: Partial<IndexReaderOptions<Marks>>,
): Promise<ReturnType<typeof readerOf>> {
  const { name, reader } = readerOf(options);
  for (const number of [1, 2]) await writeVersion(name, number, { bytes: 1_000_000 });
  await point(name, 1);
  await ask(reader);
  return { name, reader };
}

/** Runs a request; returns when its background work is done as well. */
async function ask(reader: IndexReader<Marks>): Promise<number> {
  const ctx = createExecutionContext();
  const { first, last } = await reader.use(ctx, ({ value }) => value);
  await waitOnExecutionContext(ctx);
  expect(first).toBe(last);
  return first;
}

test("100 cold requests at once load the version once and all get it", async () => {
  const { name, reader } = readerOf();
  await writeVersion(name, 7, { bytes: 6_000_000 });
  await point(name, 7);
  const answers = await Promise.all(Array.from({ length: 100 }, () => ask(reader)));
  expect(new Set(answers)).toEqual(new Set([7]));
  expect(reader.status()).toMatchObject({ version: version(7), loads: 1, loadedFrom: "r2", lastError: null });
});

test("a new version is loaded in the background and answers from then on", async () => {
  const { name, reader } = readerOf();
  await writeVersion(name, 1);
  await point(name, 1);
  expect(await ask(reader)).toBe(1);
  await writeVersion(name, 2);
  await point(name, 2, 1);
  expect(await ask(reader)).toBe(1);
  expect(await ask(reader)).toBe(2);
  await point(name, 1, 2);
  await ask(reader);
  expect(await ask(reader)).toBe(1);
});

test("the pointer is not read again within the refresh interval", async () => {
  const { name, reader } = readerOf({ refreshSeconds: 60 });
  await writeVersion(name, 1);
  await point(name, 1);
  await ask(reader);
  await writeVersion(name, 2);
  await point(name, 2, 1);
  for (let i = 0; i < 3; i++) expect(await ask(reader)).toBe(1);
});

test.each([
  ["of another format", (bytes: Uint8Array) => bytes.fill(65), "BAD_MAGIC"],
  [
    "with a flipped bit",
    (bytes: Uint8Array) => bytes.fill(9, bytes.length - 5, bytes.length - 4),
    "CHECKSUM_MISMATCH",
  ],
  ["cut short", (bytes: Uint8Array) => bytes.subarray(0, bytes.length - 10), "TRUNCATED"],
  ["that is empty", () => new Uint8Array(0), "TRUNCATED"],
])(
  "a version %s is refused by name and remembered, and the version at hand goes on answering",
  async (_, damage, code) => {
    const { name, reader } = readerOf();
    await writeVersion(name, 1);
    await point(name, 1);
    await ask(reader);
    await writeVersion(name, 2, { damage });
    await point(name, 2, 1);
    for (let i = 0; i < 4; i++) expect(await ask(reader)).toBe(1);
    const status = reader.status();
    expect(status).toMatchObject({ version: version(1), wanted: version(2), lastError: { code } });
    expect(status.refused).toMatchObject([{ version: version(2), code }]);
    expect(status.loads).toBe(2);
    await writeVersion(name, 3);
    await point(name, 3, 1);
    await ask(reader);
    expect(await ask(reader)).toBe(3);
    expect(reader.status()).toMatchObject({ refused: [], lastError: null });
  },
);

test("a refused version that is written again is loaded at the next look, with the same pointer", async () => {
  const { name, reader } = readerOf();
  await writeVersion(name, 1);
  await point(name, 1);
  await ask(reader);
  await writeVersion(name, 2, { damage: (bytes) => bytes.fill(9, bytes.length - 5, bytes.length - 4) });
  await point(name, 2, 1);
  for (let i = 0; i < 3; i++) expect(await ask(reader)).toBe(1);
  expect(reader.status()).toMatchObject({ loads: 2, refused: [{ version: version(2) }] });
  await writeVersion(name, 2);
  for (let i = 0; i < 2; i++) await ask(reader);
  expect(await ask(reader)).toBe(2);
  expect(reader.status()).toMatchObject({ loads: 3, lastError: null, refused: [] });
});

test("a version that the application cannot open is refused and remembered too", async () => {
  const { name, reader } = readerOf({
    open: ({ manifest }) => {
      if (manifest.version === version(2)) throw new Error("unknown embedder");
      return { first: 1, last: 1 };
    },
  });
  await writeVersion(name, 1);
  await point(name, 1);
  await ask(reader);
  await writeVersion(name, 2);
  await point(name, 2, 1);
  for (let i = 0; i < 4; i++) expect(await ask(reader)).toBe(1);
  expect(reader.status().loads).toBe(2);
});

test("a cold isolate answers from the previous version when the current one is damaged", async () => {
  const { name, reader } = readerOf();
  await writeVersion(name, 1);
  await writeVersion(name, 2, { damage: (bytes) => bytes.fill(0) });
  await point(name, 2, 1);
  expect(await ask(reader)).toBe(1);
  expect(reader.status()).toMatchObject({ version: version(1), wanted: version(2) });
});

test("a version whose objects are missing is tried again and answers as soon as they are there", async () => {
  const { name, reader } = readerOf();
  await writeVersion(name, 2);
  await point(name, 2);
  const key = versionKey(name, version(2), "forest.bin");
  const forest = await (await env.INDEXES.get(key))!.arrayBuffer();
  await env.INDEXES.delete(key);
  await expect(ask(reader)).rejects.toMatchObject({ code: "VERSION_INCOMPLETE" });
  await env.INDEXES.put(key, forest);
  expect(await ask(reader)).toBe(2);
});

test("an index that is not published is named, and found as soon as it is", async () => {
  const { name, reader } = readerOf();
  await expect(ask(reader)).rejects.toMatchObject({ code: "INDEX_NOT_PUBLISHED" });
  await writeVersion(name, 1);
  await point(name, 1);
  expect(await ask(reader)).toBe(1);
});

test.each([
  ["not JSON", "{"],
  ["of another kind", '{"hello":"world"}'],
  ["without a version", '{"format":"annoy-edge-pointer","formatVersion":1}'],
])("a pointer that is %s leaves the version at hand", async (_, text) => {
  const { name, reader } = readerOf();
  await writeVersion(name, 1);
  await point(name, 1);
  await ask(reader);
  await env.INDEXES.put(pointerKey(name), text);
  for (let i = 0; i < 2; i++) expect(await ask(reader)).toBe(1);
  expect(reader.status().lastError).toMatchObject({ code: "CORRUPT_POINTER" });
});

test("a clock that is set back keeps nobody from a new version", async () => {
  const { name, reader } = readerOf();
  for (const number of [1, 2]) await writeVersion(name, number);
  await point(name, 1);
  expect(await ask(reader)).toBe(1);
  await point(name, 2);
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() - 3_600_000 });
  onTestFinished(() => void vi.useRealTimers());
  await ask(reader);
  expect(await ask(reader)).toBe(2);
  expect(Date.parse(reader.status().checkedAt!)).toBeLessThanOrEqual(Date.now());
});

test("two versions that fit the memory budget swap without a pause", async () => {
  const { name, reader } = await readerOfTwo({ memoryBudget: 2_100_000 });
  const using = await reader.current(createExecutionContext());
  await point(name, 2, 1);
  await ask(reader);
  expect(await ask(reader)).toBe(2);
  expect(using.value.first).toBe(1);
  expect(reader.status().heldBytes).toBeGreaterThan(2_000_000);
  using.release();
  expect(reader.status().heldBytes).toBeLessThan(1_100_000);
});

test("two versions that do not fit swap one after the other, and never hold more than the budget", async () => {
  const memoryBudget = 1_800_000;
  const { name, reader } = await readerOfTwo({ memoryBudget });
  const using = await reader.current(createExecutionContext());
  await point(name, 2, 1);
  const background = ask(reader);
  await expect.poll(() => reader.status().version).toBeNull();
  const waiting = Promise.all([ask(reader), ask(reader), ask(reader)]);
  expect(reader.status().heldBytes).toBeLessThan(memoryBudget);
  expect(using.value.first).toBe(1);
  using.release();
  expect(await waiting).toEqual([2, 2, 2]);
  await background;
  expect(reader.status().peakBytes).toBeLessThan(memoryBudget);
});

test("a swap for want of memory is put off while the old version stays in use", async () => {
  const { name, reader } = await readerOfTwo({ memoryBudget: 1_800_000, timing: { drain: 60 } });
  const using = await reader.current(createExecutionContext());
  await point(name, 2, 1);
  await ask(reader);
  expect(reader.status()).toMatchObject({ version: version(1), lastError: { code: "SWAP_POSTPONED" } });
  using.release();
  await ask(reader);
  expect(await ask(reader)).toBe(2);
});

test("a damaged version for which the old one made room gives way to the old one again", async () => {
  const { name, reader } = readerOf({ memoryBudget: 1_800_000 });
  await writeVersion(name, 1, { bytes: 1_000_000 });
  await writeVersion(name, 2, { bytes: 1_000_000, damage: (bytes) => bytes.fill(3, 500_000, 500_001) });
  await point(name, 1);
  await ask(reader);
  await point(name, 2);
  await ask(reader);
  expect(await ask(reader)).toBe(1);
  expect(reader.status()).toMatchObject({ version: version(1), refused: [{ version: version(2) }] });
});

test("a version whose files are missing costs the one at hand nothing, and is loaded once they are there", async () => {
  const { name, reader } = await readerOfTwo({ memoryBudget: 1_800_000 });
  const key = versionKey(name, version(2), "forest.bin");
  const bytes = await (await env.INDEXES.get(key))!.arrayBuffer();
  await point(name, 2, 1);
  for (const there of [undefined, bytes.slice(0, 900_000)]) {
    await (there ? env.INDEXES.put(key, there) : env.INDEXES.delete(key));
    for (let i = 0; i < 2; i++) expect(await ask(reader)).toBe(1);
    expect(reader.status()).toMatchObject({ version: version(1), loads: 1 });
    expect(reader.status().lastError).toMatchObject({ code: "VERSION_INCOMPLETE" });
  }
  await env.INDEXES.put(key, bytes);
  await ask(reader);
  expect(await ask(reader)).toBe(2);
});

/** A bucket whose first read of a forest never ends, as when the request that started it is gone. */
function stuckOnce(): typeof env.INDEXES {
  let stuck = false;
  return new Proxy(env.INDEXES, {
    get(bucket, property) {
      if (property !== "get") return Reflect.get(bucket, property);
      return (key: string, options: R2GetOptions) => {
        if (stuck || !key.endsWith("forest.bin")) return bucket.get(key, options);
        stuck = true;
        return new Promise(() => {});
      };
    },
  });
}

test("a load that makes no progress is taken over by a waiting request", async () => {
  const { name, reader } = readerOf({ bucket: stuckOnce(), timing: { stall: 100 } });
  await writeVersion(name, 5);
  await point(name, 5);
  const gone = reader.current(createExecutionContext());
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask(reader)));
  expect(new Set(answers)).toEqual(new Set([5]));
  expect(reader.status().loads).toBe(2);
  expect((await gone).value.first).toBe(5);
});

/** A bucket whose reads fail where `fails` says so, given how often the key was read before. */
function failing(fails: (count: number) => boolean): typeof env.INDEXES {
  const counts = new Map<string, number>();
  return new Proxy(env.INDEXES, {
    get(bucket, property) {
      if (property !== "get") return Reflect.get(bucket, property);
      return (key: string, options: R2GetOptions) => {
        const count = counts.get(key) ?? 0;
        counts.set(key, count + 1);
        return fails(count)
          ? Promise.reject(new Error("get: internal error (10001)"))
          : bucket.get(key, options);
      };
    },
  });
}

test("reads that fail for a moment do not fail the request that waits for them", async () => {
  const { name, reader } = readerOf({ bucket: failing((count) => count < 2) });
  await writeVersion(name, 6);
  await point(name, 6);
  expect(await ask(reader)).toBe(6);
});

/** A bucket of which objects of text arrive without their end, once each. */
function cutting(): typeof env.INDEXES {
  const cut = new Set<string>();
  return new Proxy(env.INDEXES, {
    get(bucket, property) {
      if (property !== "get") return Reflect.get(bucket, property);
      return async (key: string, options: R2GetOptions) => {
        const object = (await bucket.get(key, options)) as R2ObjectBody | null;
        if (!object || !key.endsWith(".json") || cut.has(key)) return object;
        cut.add(key);
        const bytes = (await object.arrayBuffer()).slice(0, -20);
        const { size, etag } = object;
        return {
          key,
          size,
          etag,
          body: true,
          arrayBuffer: async () => bytes,
          text: async () => new TextDecoder().decode(bytes),
        };
      };
    },
  });
}

test("a pointer or a manifest that arrives without its end is read again, and the version not refused", async () => {
  const { name, reader } = readerOf({ bucket: cutting() });
  await writeVersion(name, 1);
  await point(name, 1);
  for (const _ of ["pointer", "manifest"]) {
    await expect(ask(reader)).rejects.toMatchObject({ code: "READ_CUT_SHORT" });
    expect(reader.status().refused).toEqual([]);
  }
  expect(await ask(reader)).toBe(1);
});

test("a bucket without an answer is a problem in time, and a cache without one is passed by", async () => {
  const get = () => new Promise<never>(() => {});
  const { name, reader } = readerOf({ bucket: { get } as never });
  const cached = readerOf({
    name,
    cache: { match: get, put: () => Promise.reject(new Error("down")) } as never,
  }).reader;
  await writeVersion(name, 7);
  await point(name, 7);
  await expect(reader.current(createExecutionContext())).rejects.toMatchObject({ code: "STORAGE_FAILED" });
  expect(await ask(cached)).toBe(7);
});

test("a bucket that fails leaves the version at hand, and without one the request fails until it answers again", async () => {
  let isDown = true;
  const { name, reader } = readerOf({ bucket: failing(() => isDown) });
  await writeVersion(name, 6);
  await point(name, 6);
  const refused = await ask(reader).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: "STORAGE_FAILED" });
  expect(String(refused)).not.toContain("10001");
  isDown = false;
  expect(await ask(reader)).toBe(6);
  isDown = true;
  expect(await ask(reader)).toBe(6);
  expect(reader.status()).toMatchObject({ version: version(6), lastError: { code: "STORAGE_FAILED" } });
});

test("a version that no isolate can hold is refused before it is loaded", async () => {
  const { name, reader } = readerOf();
  await writeVersion(name, 1);
  await point(name, 1);
  await ask(reader);
  await writeVersion(name, 2);
  await point(name, 2, 1);
  const pointer = await (await env.INDEXES.get(pointerKey(name)))!.json<Pointer>();
  const lengths = { ...pointer.lengths, forestHot: 120_000_000 };
  await env.INDEXES.put(pointerKey(name), JSON.stringify({ ...pointer, lengths }));
  for (let i = 0; i < 3; i++) expect(await ask(reader)).toBe(1);
  expect(reader.status()).toMatchObject({ loads: 1, refused: [{ code: "VERSION_TOO_LARGE" }] });
});

test("an isolate that has not looked for long looks before it answers", async () => {
  const { name, reader } = readerOf({ timing: { stale: 0 } });
  await writeVersion(name, 1);
  await point(name, 1);
  await ask(reader);
  await writeVersion(name, 2);
  await point(name, 2, 1);
  expect(await ask(reader)).toBe(2);
});

test("the next isolate of the data centre loads from its cache, whose damaged copy is thrown away", async () => {
  const cache = await caches.open("reader-test");
  const { name, reader } = readerOf({ cache, timing: { fill: 0 } });
  await writeVersion(name, 4, { bytes: 100_000 });
  await point(name, 4);
  expect(await ask(reader)).toBe(4);

  const second = readerOf({ name, cache, timing: { fill: 0 } }).reader;
  expect(await ask(second)).toBe(4);
  expect(second.status().loadedFrom).toBe("cache");

  const object = await env.INDEXES.head(versionKey(name, version(4), "forest.bin"));
  const url = cacheUrl(`${versionKey(name, version(4), "forest.bin")}?hot=${object!.size}`);
  expect(await cache.match(url)).toBeDefined();
  const damaged = new Response(new Uint8Array(object!.size), { headers: { "cache-control": "max-age=60" } });
  await cache.put(url, damaged);
  const third = readerOf({ name, cache, timing: { fill: 0 } }).reader;
  expect(await ask(third)).toBe(4);
  expect(third.status()).toMatchObject({ loadedFrom: "r2", refused: [] });
});

/** Lengths of the buffers that are given back while `run` runs. */
async function freedDuring(run: () => Promise<unknown>): Promise<number[]> {
  const freed: number[] = [];
  const { transfer } = ArrayBuffer.prototype;
  const spy = vi.spyOn(ArrayBuffer.prototype, "transfer").mockImplementation(function (
    this: ArrayBuffer,
    length,
  ) {
    if (length === 0) freed.push(this.byteLength);
    return transfer.call(this, length);
  });
  await run().finally(() => spy.mockRestore());
  return freed;
}

test.each(["manifest.json", "placement.bin"] as const)(
  "what was read of a version is given back when its %s is missing",
  async (file) => {
    const { name, reader } = readerOf();
    await writeVersion(name, 1, { bytes: 3_000_000 });
    await point(name, 1);
    await env.INDEXES.delete(versionKey(name, version(1), file));
    const forest = await env.INDEXES.head(versionKey(name, version(1), "forest.bin"));
    const freed = await freedDuring(async () => {
      await expect(ask(reader)).rejects.toMatchObject({ code: "VERSION_INCOMPLETE" });
      await scheduler.wait(200);
    });
    expect(freed).toContain(forest!.size);
    expect(reader.heldBytes).toBe(0);
  },
);

test("what was read of a shard is given back when another file of it is damaged", async () => {
  const name = `reader-${names++}`;
  await writeVersion(name, 1, { bytes: 3_000_000 });
  const forest = versionKey(name, version(1), "forest.bin");
  const placement = versionKey(name, version(1), "placement.bin");
  const { size } = (await env.INDEXES.head(forest))!;
  for (const file of ["forest.bin", "placement.bin", "manifest.json"] as const) {
    const bytes = await (await env.INDEXES.get(versionKey(name, version(1), file)))!.arrayBuffer();
    await env.INDEXES.put(versionKey(name, version(1), file, 0), bytes);
  }
  const { size: placementBytes } = (await env.INDEXES.head(placement))!;
  const source = { name, bucket: env.INDEXES };
  const load = () => loadShard(source, version(1), { number: 0, version: version(1) }, () => {});
  expect((await load()).parts.artifact.bytes.byteLength).toBe(size);
  await env.INDEXES.put(versionKey(name, version(1), "forest.bin", 0), new Uint8Array(size));
  const freed = await freedDuring(() => expect(load()).rejects.toMatchObject({ code: "BAD_MAGIC" }));
  await expect.poll(() => [size, placementBytes].every((bytes) => freed.includes(bytes))).toBe(true);
});

test("a cached copy is not thrown away by a load that ends for another reason", async () => {
  const cache = await caches.open("ended-test");
  const { name, reader } = readerOf({ cache, timing: { fill: 0 } });
  await writeVersion(name, 4);
  await point(name, 4);
  await ask(reader);
  const placement = versionKey(name, version(4), "placement.bin");
  const bytes = await (await env.INDEXES.get(placement))!.arrayBuffer();
  await env.INDEXES.delete(placement);
  const slow = new Proxy(cache, {
    get: (of, property) =>
      property === "match"
        ? (url: string) => scheduler.wait(50).then(() => of.match(url))
        : Reflect.get(of, property),
  });
  const ended = readerOf({ name, cache: slow, timing: { fill: 0 } }).reader;
  await expect(ask(ended)).rejects.toMatchObject({ code: "VERSION_INCOMPLETE" });
  await scheduler.wait(200);
  await env.INDEXES.put(placement, bytes);
  const next = readerOf({ name, cache, timing: { fill: 0 } }).reader;
  expect(await ask(next)).toBe(4);
  expect(next.status().loadedFrom).toBe("cache");
});

test("cold parts are read by range", async () => {
  const { name, reader } = readerOf();
  let read: ReadRanges | undefined;
  const open = readerOf({
    name,
    open: ({ readRanges }) => {
      read = readRanges;
      return { first: 0, last: 0 };
    },
  });
  await writeVersion(name, 3);
  await point(name, 3);
  await ask(reader);
  await open.reader.use(createExecutionContext(), () => {});
  const head = await read!([{ offset: 0, length: 4 }]);
  expect([...head]).toEqual([0x89, 0x41, 0x45, 0x44]);
  await expect(read!([{ offset: 1000, length: 1_000_000 }])).rejects.toMatchObject({
    code: "READ_CUT_SHORT",
  });
});
