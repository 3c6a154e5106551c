import { searchError } from "../format/search-error.ts";
import type { LoadedIndex } from "./loaded-index.ts";
import type { Searcher } from "./searcher.ts";

/** The item of a docstore id. @throws SearchError `ID_NOT_FOUND` */
export async function requireItem(searcher: Searcher, id: string): Promise<number> {
  return (await searcher.itemOf(id)) ?? noDocument(searcher.index, id);
}

/** The stored vector of an item. @throws SearchError `ITEM_NOT_FOUND` */
export async function requireVector(searcher: Searcher, item: number, field = "item"): Promise<Float32Array> {
  return (await searcher.vectorOf(item)) ?? noItem(searcher.index, item, field);
}

/** @throws SearchError `ID_NOT_FOUND` */
export function noDocument(index: LoadedIndex, id: string): never {
  const shown = JSON.stringify(id.length > 100 ? `${id.slice(0, 100)}…` : id);
  throw searchError("ID_NOT_FOUND", "id", `Index ${index.name} has no document with the id ${shown}.`);
}

/** @throws SearchError `ITEM_NOT_FOUND` */
export function noItem(index: LoadedIndex, item: number, field = "item"): never {
  throw searchError("ITEM_NOT_FOUND", field, `Index ${index.name} has no item ${item}.`);
}
