import type { CarriedEmbedder, Embedder } from "../../worker/core/embedding/types.ts";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import type { EmbedderIdentity } from "../../worker/core/format/meta.ts";
import { messageOf } from "../settings/errors.ts";

/** LangChain's interface of embeddings, which every provider's class there has. */
export interface EmbeddingsLike {
  embedDocuments(texts: string[]): Promise<number[][]>;
  embedQuery(text: string): Promise<number[]>;
}

/** LangChain's classes by the provider that can stand in for them where a query is embedded. */
const PROVIDERS: Readonly<Record<string, string>> = {
  OpenAIEmbeddings: "openai",
  CloudflareWorkersAIEmbeddings: "workers-ai",
  HuggingFaceTransformersEmbeddings: "huggingface",
  HuggingFaceInferenceEmbeddings: "huggingface",
};

export function hasIdentity(embeddings: EmbeddingsLike | Embedder): embeddings is Embedder {
  const { identity } = embeddings as Partial<Embedder>;
  return typeof identity === "object" && identity !== null && typeof identity.provider === "string";
}

/** Whether these embeddings say who they are: by an identity, or as a class of LangChain's whose provider is known. */
export function isRecognised(embeddings: EmbeddingsLike | Embedder): boolean {
  return hasIdentity(embeddings) || Object.hasOwn(PROVIDERS, embeddings.constructor?.name ?? "");
}

/** Whether an embedder is a table that an artifact carries. */
export function isCarried(embedder: EmbeddingsLike | undefined): embedder is CarriedEmbedder {
  return embedder !== undefined && "tableBytes" in embedder;
}

/** Whether a value has LangChain's two methods. */
export function isEmbeddings(value: unknown): value is EmbeddingsLike {
  const { embedDocuments, embedQuery } = (value ?? {}) as Partial<EmbeddingsLike>;
  return typeof embedDocuments === "function" && typeof embedQuery === "function";
}

/**
 * LangChain embeddings as an {@link Embedder}: the identity is read off the class (`OpenAIEmbeddings` is `openai`, an
 * unknown class its own name) and its `model`.
 *
 * @param dimensions length of its vectors, when known; otherwise a short text is embedded to see
 */
export async function asEmbedder(
  embeddings: EmbeddingsLike | Embedder,
  dimensions?: number,
): Promise<Embedder> {
  if (hasIdentity(embeddings)) return embeddings;
  const name = embeddings.constructor?.name ?? "given";
  const vector = dimensions ?? (await asked(name, () => embeddings.embedQuery("dimensions")));
  const length = typeof vector === "number" ? vector : vector?.length;
  if (!length) {
    const message = `The embedder ${name} failed: embedQuery gave no vector.`;
    throw new AnnoyEdgeError("EMBEDDING_FAILED", message);
  }
  return {
    identity: identityOf(embeddings, length),
    embedDocuments: (texts) => embeddings.embedDocuments(texts),
    embedQuery: (text) => embeddings.embedQuery(text),
  };
}

/**
 * Wraps an embedder of the application's own; its failures keep their own messages.
 *
 * @throws AnnoyEdgeError `EMBEDDING_FAILED`
 */
export async function asked<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof AnnoyEdgeError) throw cause;
    const message = `The embedder ${name} failed: ${messageOf(cause)}`;
    throw new AnnoyEdgeError("EMBEDDING_FAILED", message, { cause });
  }
}

function identityOf(embeddings: EmbeddingsLike, dimensions: number): EmbedderIdentity {
  const { model, modelName } = embeddings as { model?: unknown; modelName?: unknown };
  const name = embeddings.constructor?.name || "Embeddings";
  const provider = PROVIDERS[name] ?? name;
  return {
    provider,
    model: typeof model === "string" ? model : typeof modelName === "string" ? modelName : name,
    dimensions,
    // What the class does is not known; vectors are taken as they come.
    normalized: provider === "openai",
  };
}

/** Fields that two embedders must share for the vectors of one to be searched with the other. */
const COMPARED = [
  "provider",
  "model",
  "dimensions",
  "pooling",
  "queryPrefix",
  "documentPrefix",
  "contentHash",
] as const satisfies readonly (keyof EmbedderIdentity)[];

/**
 * Refuses an embedder other than the one that made an index's vectors. Pooling and prefixes count when both sides
 * state them.
 *
 * @throws AnnoyEdgeError `EMBEDDER_MISMATCH`
 */
export function requireSameEmbedder(wanted: EmbedderIdentity, given: EmbedderIdentity): void {
  for (const field of COMPARED) {
    const [a, b] = [wanted[field], given[field]];
    if (a === b || a === undefined || b === undefined) continue;
    throw new AnnoyEdgeError(
      "EMBEDDER_MISMATCH",
      `The index was built with ${wanted.provider} (${wanted.model}), the embedder given is ${given.provider} (${given.model}): ${field} is ${JSON.stringify(b)} instead of ${JSON.stringify(a)}. Search with the embedder of the build, or rebuild with this one.`,
    );
  }
}
