import type { IndexSettings } from "./settings.ts";

/** A job for the process that indexes. */
export interface IndexJob extends Omit<IndexSettings, "publish"> {
  readonly site: string;
  readonly baseUrl: string;
  readonly out: string;
  readonly name: string;
  readonly publish?: IndexSettings["publish"];
}

/** Answer of that process when it is done. */
export type IndexAnswer =
  | { readonly done: readonly string[] }
  | { readonly error: { readonly code: string; readonly message: string } };
