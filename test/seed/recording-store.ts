import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { ObjectInfo, PublishStore } from "../../build/publish/store.ts";
import type { Snapshot } from "./provided.ts";

/** A store that keeps what is published, so that tests in workerd can put the same into real bindings. */
export function createRecordingStore(): PublishStore & { snapshot(): Snapshot } {
  const objects = new Map<string, { info: ObjectInfo; bytes: Uint8Array }>();
  const pages = new Map<string, { value: string; writtenAt: Date }>();
  return {
    where: "memory",
    headObject: async (key) => objects.get(key)?.info,
    getObject: async (key, range) => {
      const object = objects.get(key);
      if (!object || !range) return object;
      return { ...object, bytes: object.bytes.subarray(range.offset, range.offset + range.length) };
    },
    putObject: async (key, source, options = {}) => {
      const before = objects.get(key);
      if (options.ifAbsent && before) return undefined;
      if (options.ifMatch !== undefined && before?.info.etag !== options.ifMatch) return undefined;
      const bytes = source instanceof Uint8Array ? source.slice() : await readFile(source.path);
      const etag = createHash("md5").update(bytes).digest("hex");
      const info = { key, etag, bytes: bytes.byteLength, uploaded: new Date() };
      objects.set(key, { info, bytes });
      return info;
    },
    async *listObjects(prefix) {
      for (const { info } of objects.values()) if (info.key.startsWith(prefix)) yield info;
    },
    deleteObjects: async (keys) => {
      for (const key of keys) objects.delete(key);
    },
    putPages: async (writes) => {
      for (const { key, value } of writes) pages.set(key, { value, writtenAt: new Date() });
    },
    getPages: async (keys) => new Map(keys.map((key) => [key, pages.get(key)?.value ?? null])),
    async *listPages(prefix) {
      for (const [key, { writtenAt }] of pages) if (key.startsWith(prefix)) yield { key, writtenAt };
    },
    deletePages: async (keys) => {
      for (const key of keys) pages.delete(key);
    },
    close: async () => {},
    snapshot: () => ({
      objects: Array.from(objects, ([key, { bytes }]) => ({
        key,
        base64: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64"),
      })),
      pages: Array.from(pages, ([key, { value }]) => ({ key, value })),
    }),
  };
}
