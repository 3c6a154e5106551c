import { installPackages, loadPackage } from "../packages.ts";

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
): Promise<(texts: readonly (readonly number[])[]) => Promise<void>> {
  const folder = await installPackages("onnxruntime-node");
  const { InferenceSession, Tensor } = loadPackage<Runtime>(folder, "onnxruntime-node");
  const session = await InferenceSession.create(model, { intraOpNumThreads: 1, interOpNumThreads: 1 });
  return async (texts) => {
    for (let first = 0; first < texts.length; first += BATCH) {
      const batch = texts.slice(first, first + BATCH);
      const width = Math.max(...batch.map(({ length }) => length));
      const tensor = (fill: (id: number | undefined) => number) => {
        const values = batch.flatMap((ids) => Array.from({ length: width }, (_, i) => BigInt(fill(ids[i]))));
        return new Tensor("int64", BigInt64Array.from(values), [batch.length, width]);
      };
      const inputs: Record<string, Tensor> = {
        input_ids: tensor((id) => id ?? 0),
        attention_mask: tensor((id) => (id === undefined ? 0 : 1)),
        token_type_ids: tensor(() => 0),
      };
      await session.run(Object.fromEntries(session.inputNames.map((name) => [name, inputs[name]!])));
    }
  };
}
