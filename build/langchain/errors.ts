import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";

/** An index never changes after it was built. */
export class ReadOnlyError extends AnnoyEdgeError {
  constructor(method: string) {
    super(
      "READ_ONLY",
      `${method}: an Annoy index cannot be changed once it is built. Rebuild it from all documents (AnnoyVectorStore.fromDocuments, or annoy-edge build).`,
    );
    this.name = "ReadOnlyError";
  }
}

/** Something that a store over a Worker cannot do, having no files at hand. */
export function notOverHttp(what: string, instead: string): AnnoyEdgeError {
  return new AnnoyEdgeError("NOT_OVER_HTTP", `${what} needs the artifact at hand; over a URL, ${instead}.`);
}
