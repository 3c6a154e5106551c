import { mkdir, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { createModel2VecEmbedder } from "../../../worker/core/embedding/model2vec/embedder.ts";
import type { CarriedEmbedder } from "../../../worker/core/embedding/types.ts";
import { writeWholeFile } from "../../settings/partial.ts";
import { ModelError } from "../model/errors.ts";
import { parseModelFile, readModelFile } from "../model/files.ts";
import { readSafetensors } from "../model/safetensors.ts";
import { readTokenizer } from "../model/tokenizer.ts";
import { encodeModel2Vec } from "./encode.ts";

const FILES = ["config.json", "tokenizer.json", "model.safetensors"] as const;
const HUB = "https://huggingface.co";
const HUB_ID = /^[\w.-]+\/[\w.-]+$/;

export interface Model2VecOptions {
  /** Folder of models from the hub; default `.annoy-edge/models`. */
  readonly folder?: string | undefined;
  /** Another hub that has the same paths. */
  readonly baseUrl?: string | undefined;
  readonly apiKey?: string | undefined;
}

/**
 * A model2vec model as an embedder whose table goes into the artifact. `model` is a folder with `config.json`,
 * `tokenizer.json` and `model.safetensors`, or an id of the hub, such as `minishlab/potion-base-8M`, which is fetched
 * once.
 *
 * @throws ModelError
 */
export async function loadModel2Vec(model: string, options: Model2VecOptions = {}): Promise<CarriedEmbedder> {
  const local = await isFolder(model);
  if (!local && !HUB_ID.test(model)) {
    throw new ModelError(
      "MODEL_NOT_FOUND",
      `${model} is neither a folder nor an id of the hub such as minishlab/potion-base-8M.`,
    );
  }
  const folder = local ? resolve(model) : await fetchModel(model, options);
  const [config, tokenizer, weights] = await Promise.all(FILES.map((name) => readModelFile(folder, name)));
  const table = encodeModel2Vec(
    readTokenizer(tokenizer!),
    readSafetensors(weights!),
    (parseModelFile(config!, "config.json") as { normalize?: unknown } | null)?.normalize === true,
  );
  // A path of this machine has no meaning where the artifact goes.
  return createModel2VecEmbedder(table, local ? basename(folder) : model);
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** Fetches the files that are not there yet; each appears when it is whole. */
async function fetchModel(id: string, options: Model2VecOptions): Promise<string> {
  const folder = resolve(options.folder ?? ".annoy-edge/models", id.replace("/", "--"));
  await mkdir(folder, { recursive: true });
  const hub = (options.baseUrl ?? HUB).replace(/\/+$/, "");
  for (const name of FILES) {
    const path = join(folder, name);
    if (await stat(path).catch(() => undefined)) continue;
    const url = `${hub}/${id}/resolve/main/${name}`;
    let response: Response;
    let bytes: Uint8Array;
    try {
      response = await fetch(url, {
        headers: options.apiKey ? { authorization: `Bearer ${options.apiKey}` } : {},
        signal: AbortSignal.timeout(600_000),
      });
      bytes = new Uint8Array(await response.arrayBuffer());
    } catch (cause) {
      throw new ModelError(
        "MODEL_NOT_FOUND",
        `${url} was not reached. Download the model and name its folder.`,
        { cause },
      );
    }
    if (!response.ok) {
      throw new ModelError(
        "MODEL_NOT_FOUND",
        `${url} answered ${response.status}: is ${id} a model2vec model, and HF_TOKEN set if it is private?`,
      );
    }
    const whole = bytes;
    await writeWholeFile(path, (file) => file.writeFile(whole));
  }
  return folder;
}
