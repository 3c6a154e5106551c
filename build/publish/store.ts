/** An object's facts. */
export interface ObjectInfo {
  readonly key: string;
  readonly etag: string;
  readonly bytes: number;
  readonly uploaded: Date;
}

/** Source of an upload: bytes at hand, or a file that is streamed. */
export type ObjectSource = Uint8Array | FileSource;

export interface FileSource {
  readonly path: string;
  readonly bytes: number;
}

export function sizeOf(source: ObjectSource): number {
  return source instanceof Uint8Array ? source.byteLength : source.bytes;
}

export interface PutOptions {
  readonly contentType?: string;
  /** Only when the object still has this etag. */
  readonly ifMatch?: string;
  /** Only when there is no such object. */
  readonly ifAbsent?: boolean;
  readonly onProgress?: (bytesDone: number) => void;
}

export interface PageWrite {
  readonly key: string;
  readonly value: string;
}

export interface PageInfo {
  readonly key: string;
  /** When it was last written; undefined when the key was not written by publishing. */
  readonly writtenAt: Date | undefined;
}

/** A page's time of writing as both drivers store it: whole seconds since 1970 in the key's metadata. */
export function pageInfo(key: string, at: unknown): PageInfo {
  return { key, writtenAt: typeof at === "number" ? new Date(at * 1000) : undefined };
}

/**
 * Store that an index is published to: objects in R2 and pages in KV. Two drivers, one contract: local state as
 * `wrangler dev` reads it, and an account.
 *
 * A method either did what it says or throws; a driver retries what is worth retrying by itself.
 */
export interface PublishStore {
  /** For messages: a path, or an account with bucket and namespace. */
  readonly where: string;
  headObject(key: string): Promise<ObjectInfo | undefined>;
  /** The object, or the bytes of it that `range` covers. */
  getObject(
    key: string,
    range?: { readonly offset: number; readonly length: number },
  ): Promise<{ info: ObjectInfo; bytes: Uint8Array } | undefined>;
  /** Undefined when the condition did not hold and nothing was written. */
  putObject(key: string, source: ObjectSource, options?: PutOptions): Promise<ObjectInfo | undefined>;
  listObjects(prefix: string): AsyncIterable<ObjectInfo>;
  /** Keys that are not there are passed over. */
  deleteObjects(keys: readonly string[]): Promise<void>;
  /** Writes pages with the time of writing. When it throws, some may have been written. */
  putPages(pages: readonly PageWrite[]): Promise<void>;
  getPages(keys: readonly string[]): Promise<Map<string, string | null>>;
  listPages(prefix: string): AsyncIterable<PageInfo>;
  deletePages(keys: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/** A store that several uses share, one after the other. */
export interface SharedStore {
  /** The store, which the first use opens. To close it has no effect. */
  open(): Promise<PublishStore>;
  close(): Promise<void>;
}

/** Shares a store, because to open the local one starts a process, which takes half a second. */
export function sharedStore(open: () => Promise<PublishStore>): SharedStore {
  let opened: PublishStore | undefined;
  return {
    async open() {
      opened ??= await open();
      return { ...opened, close: async () => {} };
    },
    async close() {
      const store = opened;
      opened = undefined;
      await store?.close();
    },
  };
}

/** Opens a store when it is needed and closes it whatever happens. */
export async function withStore<R>(
  open: () => Promise<PublishStore>,
  run: (store: PublishStore) => Promise<R>,
): Promise<R> {
  const store = await open();
  try {
    return await run(store);
  } finally {
    await store.close();
  }
}
