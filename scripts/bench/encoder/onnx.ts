import { createRequire } from "node:module";
import { join } from "node:path";
import { installPackages } from "../packages.ts";

interface Tensor {
  readonly dims: readonly number[];
}
interface Session {
  readonly inputNames: readonly string[];
  run(feeds: Record<string, Tensor>): Promise<unknown>;
}
/** The part of onnxruntime-node that is used. */
interface Runtime {
  readonly InferenceSession: { create(path: string, options: object): Promise<Session> };
  readonly Tensor: new (type: "int64", data: BigInt64Array, dims: readonly number[]) => Tensor;
}

/** Texts that go through the model at once, padded to the longest. */
const BATCH = 16;

/** Opens a model for onnxruntime-node on one thread. Returns a function that runs texts, given as ids of tokens. */
export async function openOnnx(
  model: string,
  cache: string,
): Promise<(texts: readonly (readonly number[])[]) => Promise<void>> {
  const folder = await installPackages(cache, "onnxruntime-node");
  const { InferenceSession, Tensor } = createRequire(join(folder, "package.json"))(
    "onnxruntime-node",
  ) as Runtime;
  const session = await InferenceSession.create(model, { intraOpNumThreads: 1, interOpNumThreads: 1 });
  return async (texts) => {
    for (let first = 0; first < texts.length; first += BATCH) {
      const batch = texts.slice(first, first + BATCH);
      const width = Math.max(...batch.map(({ length }) => length));
      const dims = [batch.length, width];
      const filled = (fill: (row: number, column: number) => number) =>
        new Tensor(
          "int64",
          BigInt64Array.from({ length: batch.length * width }, (_, i) =>
            BigInt(fill(Math.floor(i / width), i % width)),
          ),
          dims,
        );
      const inputs: Record<string, Tensor> = {
        input_ids: filled((row, column) => batch[row]![column] ?? 0),
        attention_mask: filled((row, column) => (column < batch[row]!.length ? 1 : 0)),
        token_type_ids: filled(() => 0),
      };
      await session.run(Object.fromEntries(session.inputNames.map((name) => [name, inputs[name]!])));
    }
  };
}
