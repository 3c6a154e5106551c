/** As long as a search by id may be (worker/core/search/schema.ts). */
export const MAX_ID = 2048;

/** Whether a text can be a document's id. A lone surrogate would be replaced in UTF-8, and the id no longer be found. */
export function isId(id: unknown): boolean {
  return typeof id === "string" && id !== "" && id.length <= MAX_ID && id.isWellFormed();
}
