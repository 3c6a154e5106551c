/** Published index, as values that travel from Node into workerd. */
export interface Snapshot {
  readonly objects: readonly { readonly key: string; readonly base64: string }[];
  readonly pages: readonly { readonly key: string; readonly value: string }[];
}

declare module "vitest" {
  interface ProvidedContext {
    /** The test indexes, built and published in Node by `global-setup.ts`. */
    published: Snapshot;
    /** A tiny encoder file, texts, and the vectors that Node gives them. */
    encoder: {
      readonly base64: string;
      readonly texts: readonly string[];
      readonly vectors: readonly number[];
    };
    /** Index "swap": two versions, and the pointer as it was after each publish. */
    versions: { readonly snapshot: Snapshot; readonly pointers: readonly string[] };
    /**
     * Indexes in three shards, made by `shards.ts`: "shards" (the documents of "service", every third one in the same
     * shard), "shards-built" (those of "demo", as `build` cuts them), "shards-lone" (30 rows at three corners, each in its
     * own shard, of which a query asks one), "shards-swap", of two versions with `swap` as their pointers, and
     * "shards-changed", a base and changes on top with `changed` as theirs; "shards-anew" has the documents of the changed one
     * in one piece.
     */
    shards: {
      readonly snapshot: Snapshot;
      readonly swap: readonly string[];
      readonly changed: readonly string[];
    };
  }
}
