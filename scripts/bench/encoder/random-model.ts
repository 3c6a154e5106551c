import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createRandom } from "../../../build/numeric/random.ts";

const HIDDEN = 384;
const INTERMEDIATE = 1536;
const POSITIONS = 512;

/** Eight tokens with those around it. */
export const QUERY = "how do i cook rice quickly";

/** Writes a BERT of random weights, 384 wide, as a Hugging Face folder: for times, which do not depend on the weights. */
export async function writeRandomModel(folder: string, layers: number): Promise<void> {
  const vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", ...QUERY.split(" ")];
  const random = createRandom(1);
  const header: Record<string, object> = {};
  const parts: Uint8Array[] = [];
  let at = 0;
  const add = (name: string, middle: number, ...shape: number[]): void => {
    const count = shape.reduce((product, n) => product * n, 1);
    const values = Float32Array.from({ length: count }, () => middle + 0.1 * (random() - 0.5));
    header[name] = { dtype: "F32", shape, data_offsets: [at, at + values.byteLength] };
    at += values.byteLength;
    parts.push(new Uint8Array(values.buffer));
  };
  const linear = (name: string, rows: number, columns: number): void => {
    add(`${name}.weight`, 0, rows, columns);
    add(`${name}.bias`, 0, rows);
  };
  const norm = (name: string): void => {
    add(`${name}.weight`, 1, HIDDEN);
    add(`${name}.bias`, 0, HIDDEN);
  };
  add("embeddings.word_embeddings.weight", 0, vocabulary.length, HIDDEN);
  add("embeddings.position_embeddings.weight", 0, POSITIONS, HIDDEN);
  add("embeddings.token_type_embeddings.weight", 0, 2, HIDDEN);
  norm("embeddings.LayerNorm");
  for (let layer = 0; layer < layers; layer++) {
    const name = `encoder.layer.${layer}`;
    for (const part of ["self.query", "self.key", "self.value", "output.dense"]) {
      linear(`${name}.attention.${part}`, HIDDEN, HIDDEN);
    }
    norm(`${name}.attention.output.LayerNorm`);
    linear(`${name}.intermediate.dense`, INTERMEDIATE, HIDDEN);
    linear(`${name}.output.dense`, HIDDEN, INTERMEDIATE);
    norm(`${name}.output.LayerNorm`);
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  await mkdir(join(folder, "1_Pooling"), { recursive: true });
  await writeFile(join(folder, "model.safetensors"), Buffer.concat([length, json, ...parts]));
  await writeFile(join(folder, "vocab.txt"), `${vocabulary.join("\n")}\n`);
  const config = {
    ...{ model_type: "bert", hidden_act: "gelu", hidden_size: HIDDEN, num_hidden_layers: layers },
    ...{ num_attention_heads: 12, intermediate_size: INTERMEDIATE, layer_norm_eps: 1e-12, pad_token_id: 0 },
  };
  await writeFile(join(folder, "config.json"), JSON.stringify(config));
  await writeFile(
    join(folder, "1_Pooling", "config.json"),
    JSON.stringify({ pooling_mode_mean_tokens: true }),
  );
}
