import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";

/** A store that was not opened for changes. */
export class ReadOnlyError extends AnnoyEdgeError {
  constructor(method: string) {
    super(
      "READ_ONLY",
      `${method}: this store is read-only. Rebuild it from all documents (AnnoyVectorStore.fromDocuments, or annoy-edge build), or open its folder with { writable: true }.`,
    );
    this.name = "ReadOnlyError";
  }
}

/** Something that a store over a Worker cannot do, having no files at hand. */
export function notOverHttp(what: string, instead: string): AnnoyEdgeError {
  return new AnnoyEdgeError("NOT_OVER_HTTP", `${what} needs the artifact at hand; over a URL, ${instead}.`);
}
