import type { Embedder } from "../../worker/embedding/types.ts";
import { loadStaticEmbedder } from "../embedding/index.ts";
import { OptionError } from "./errors.ts";

/** `static` (default), `none`, or an embedder of the application's own. */
export type EmbedderOption = "static" | "none" | Embedder;

/**
 * The embedder that an option names; undefined for `none`, and when nothing is named and the documents bring vectors.
 *
 * @throws OptionError
 */
export async function resolveEmbedder(
  option: EmbedderOption | undefined,
  vectorsGiven: boolean,
): Promise<Embedder | undefined> {
  if (typeof option === "object") return option;
  switch (option ?? (vectorsGiven ? "none" : "static")) {
    case "static":
      return loadStaticEmbedder();
    case "none":
      return undefined;
    default:
      throw new OptionError(`embedder is ${JSON.stringify(option)}; it can be static or none.`);
  }
}
