import { mayAsk } from "../access.ts";
import { type AppContext, stateOf } from "../types.ts";

/** Names that a description has room for. */
const MAX_LISTED = 50;

/** Names of the indexes that the caller may ask, the one that answers by default first. */
export async function allowedIndexes(c: AppContext): Promise<readonly string[]> {
  const { indexes } = stateOf(c).service;
  return (await indexes.list()).filter((name) => mayAsk(c, name)).slice(0, MAX_LISTED);
}
