import { createHash } from "node:crypto";
import { createReadStream, readdirSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, resolve } from "node:path";
import { AnnoyEdgeError } from "../../../worker/core/format/errors.ts";
import type { EmbedderIdentity } from "../../../worker/core/format/meta.ts";
import type { DistinctEmbedder } from "../cache/embedder.ts";
import { type EmbedderSpec, requireModel } from "./spec.ts";

/** The part of `@huggingface/transformers` that is used; it is an optional peer dependency, loaded when asked for. */
export interface Transformers {
  readonly env: { localModelPath: string; allowRemoteModels: boolean };
  pipeline(
    task: "feature-extraction",
    model: string,
    options?: { dtype?: string },
  ): Promise<
    (texts: string[], options: { pooling: string; normalize: boolean }) => Promise<{ tolist(): number[][] }>
  >;
}

/** Texts embedded together; more only costs memory. */
const BATCH = 16;

/**
 * Loads `@huggingface/transformers`, or gives undefined when it is not installed: neither beside this package nor in the
 * project that it is used from, which are two places when the command is installed globally.
 */
export async function loadTransformers(project: string = process.cwd()): Promise<Transformers | undefined> {
  const name = "@huggingface/transformers";
  for (const place of [import.meta.url, join(project, "package.json")]) {
    const require = createRequire(place);
    try {
      require.resolve(name);
    } catch {
      continue;
    }
    try {
      return require(name) as Transformers;
    } catch (cause) {
      const message = `${name} is installed but cannot be loaded.`;
      throw new AnnoyEdgeError("EMBEDDER_UNAVAILABLE", message, { cause });
    }
  }
  return undefined;
}

/**
 * A sentence encoder that runs in this process: a hub id, or a folder with `config.json`, `tokenizer.json` and
 * `onnx/model.onnx`. Mean pooling by default.
 */
export async function createTransformersEmbedder(
  spec: EmbedderSpec,
  library: Transformers,
): Promise<DistinctEmbedder> {
  const model = requireModel(spec, "sentence-transformers/all-mpnet-base-v2");
  const { pooling = "mean", normalized = true, queryPrefix = "", documentPrefix = "" } = spec;
  let extract: Awaited<ReturnType<Transformers["pipeline"]>>;
  try {
    extract = await loadPipeline(library, model, spec.dtype ? { dtype: spec.dtype } : {});
  } catch (cause) {
    const what = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
    throw new AnnoyEdgeError("EMBEDDER_NOT_FOUND", `The model ${model} cannot be loaded (${what}).`, {
      cause,
    });
  }
  const run = async (texts: string[]): Promise<number[][]> =>
    (await extract(texts, { pooling, normalize: normalized })).tolist();
  const dimensions = (await run(["How long is a vector?"]))[0]!.length;
  const identity: EmbedderIdentity = {
    provider: "huggingface",
    // A path of this machine has no meaning where the artifact goes.
    model: isFolder(model) ? basename(model) : model,
    dimensions,
    pooling,
    ...(queryPrefix && { queryPrefix }),
    ...(documentPrefix && { documentPrefix }),
    normalized,
  };
  const contents = isFolder(model) && (await contentsOf(model));
  return {
    identity,
    keptAs: { ...identity, model: JSON.stringify([identity.model, spec.dtype, contents]) },
    async embedDocuments(texts) {
      const vectors: number[][] = [];
      for (let first = 0; first < texts.length; first += BATCH) {
        const batch = texts.slice(first, first + BATCH).map((text) => documentPrefix + text);
        for (const vector of await run(batch)) vectors.push(vector);
      }
      return vectors;
    },
    embedQuery: async (text) => (await run([queryPrefix + text]))[0]!,
  };
}

/** Changes when a file of the folder does, which may be trained anew under the same name; the same on every machine. */
async function contentsOf(folder: string): Promise<string> {
  const hash = createHash("sha256");
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
  for (const name of names) {
    const path = join(folder, name);
    if (isFolder(path)) continue;
    hash.update(`${name}\0${statSync(path).size}\0`);
    for await (const part of createReadStream(path)) hash.update(part as Uint8Array);
  }
  return hash.digest("hex");
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** The library looks for names below one folder; a folder of one's own is that for the length of the loading. */
async function loadPipeline(library: Transformers, model: string, options: { dtype?: string }) {
  if (!isFolder(model)) return library.pipeline("feature-extraction", model, options);
  const { env } = library;
  const { localModelPath, allowRemoteModels } = env;
  const folder = resolve(model);
  env.localModelPath = dirname(folder);
  env.allowRemoteModels = false;
  try {
    return await library.pipeline("feature-extraction", basename(folder), options);
  } finally {
    env.localModelPath = localModelPath;
    env.allowRemoteModels = allowRemoteModels;
  }
}
