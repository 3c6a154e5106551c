import type { DataFile } from "../types.ts";

/** A library that runs in Node, as the process that measures it sees it. */
export interface NodePeer {
  /**
   * Builds an index of a set in `folder`.
   *
   * @param modules folder whose `node_modules` holds the library
   * @returns bytes of the files written
   */
  build(set: DataFile, folder: string, modules: string): Promise<number>;
  /** Opens it; the time this takes, with that of one search, is the time to the first answer. */
  open(set: DataFile, folder: string, modules: string): Promise<Searcher>;
}

export interface Searcher {
  /** Prepares for a setting; not measured. */
  tune?(setting: number): void;
  search(query: Float32Array, k: number, setting: number): ArrayLike<number>;
}

/** Message of the bench to the process, one at a time. */
export type Request =
  | {
      readonly kind: "build" | "open";
      readonly module: string;
      readonly set: DataFile;
      readonly folder: string;
      readonly modules: string;
    }
  | { readonly kind: "ask"; readonly setting: number; readonly from: number; readonly count: number }
  | { readonly kind: "memory" };

export type Reply =
  | { readonly kind: "built"; readonly cpu: number; readonly wall: number; readonly bytes: number }
  | { readonly kind: "opened"; readonly firstAnswerMs: number }
  | { readonly kind: "answers"; readonly cpu: number; readonly wall: number; readonly items: Int32Array }
  | { readonly kind: "memory"; readonly bytes: number }
  | { readonly kind: "failed"; readonly message: string };
