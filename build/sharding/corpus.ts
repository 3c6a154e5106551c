import type { Embedder } from "../../worker/core/embedding/types.ts";
import {
  type Corpus,
  type CorpusOptions,
  carriedBesideVectors,
  requireEmbedder,
  textsToEmbed,
  watchLengths,
} from "../embedding/documents.ts";
import { carriedBy, embedBlocks, isWhitened, whiteningStep, whitenVectors } from "../embedding/index.ts";
import { createSpool, type Spool } from "./spool.ts";

/** A corpus whose vectors lie on disk, and what an artifact needs to embed a query the same way. */
export interface SpooledCorpus extends Omit<Corpus, "vectors"> {
  readonly spool: Spool;
}

/**
 * The vectors of documents on disk: those in `given`, or those that the embedder makes of the texts, as
 * `makeCorpus` does in memory, number for number.
 *
 * @throws OptionError when there is neither, or the embedder makes vectors of another length
 */
export async function spoolCorpus(
  { count, given }: { readonly count: number; readonly given: Spool | undefined },
  embedder: Embedder | undefined,
  {
    path,
    embedFields,
    onProgress,
    vectors,
  }: CorpusOptions & { /** File to make. */ readonly vectors: string },
): Promise<SpooledCorpus> {
  if (given) {
    const { dimensions } = given;
    return { spool: given, dimensions, ...carriedBesideVectors(dimensions, embedder) };
  }
  requireEmbedder(embedder);
  const { dimensions } = embedder.identity;
  const spool = createSpool(vectors, dimensions);
  const watched = watchLengths(embedder, textsToEmbed(path, embedFields));
  const blocks = embedBlocks(embedder, watched.texts, { total: count, onProgress });
  for await (const block of blocks) spool.append(block);
  const { matrix, ...carried } = carriedBy(embedder, isWhitened(embedder) ? everyNth(spool) : undefined);
  if (matrix) {
    for (const { first, rows } of spool.blocks()) {
      whitenVectors(matrix, rows, dimensions);
      spool.write(first, rows);
    }
  }
  return { spool, dimensions, identity: carried.embedder.identity, ...watched.read(), ...carried };
}

/** The rows that whitening looks at. */
function everyNth(spool: Spool): Float32Array {
  const { count, dimensions } = spool;
  const step = whiteningStep(count);
  const rows = new Float32Array(Math.ceil(count / step) * dimensions);
  for (let row = 0, at = 0; row < count; row += step, at += dimensions) {
    spool.read(row, rows.subarray(at, at + dimensions));
  }
  return rows;
}
