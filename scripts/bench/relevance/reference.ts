import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Embedder } from "../../../worker/core/embedding/types.ts";

const SCRIPT = fileURLToPath(new URL("./reference.py", import.meta.url));

/**
 * A model by its reference implementation: sentence-transformers in float32. Queries have no prefix.
 *
 * @param folder as Hugging Face has it
 * @param python with sentence-transformers installed
 */
export async function openReference(folder: string, python: string): Promise<Embedder> {
  const config = JSON.parse(await readFile(join(folder, "config.json"), "utf8")) as { hidden_size: number };
  const dimensions = config.hidden_size;
  const model = basename(resolve(folder));
  const embedDocuments = async (texts: string[]): Promise<number[][]> => {
    const work = await mkdtemp(join(tmpdir(), "annoy-edge-reference-"));
    try {
      const [input, output] = [join(work, "texts.json"), join(work, "vectors.f32")];
      await writeFile(input, JSON.stringify(texts));
      await promisify(execFile)(python, [SCRIPT, resolve(folder), input, output]);
      const bytes = await readFile(output);
      const rows = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
      return texts.map((_, i) => Array.from(rows.subarray(i * dimensions, (i + 1) * dimensions)));
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  };
  return {
    identity: { provider: "sentence-transformers", model, dimensions, normalized: true },
    embedDocuments,
    embedQuery: async (text) => (await embedDocuments([text]))[0]!,
  };
}
