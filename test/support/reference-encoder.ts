import { layerNames, TINY, type TinyKind, type TinyTensors } from "./tiny-encoder.ts";

type Rows = number[][];

/** Output of a tiny model for tokens, in double precision: the rows of its last layer, one a token. */
export function referenceRows(kind: TinyKind, tensors: TinyTensors, ids: readonly number[]): Rows {
  const { hidden, layers, heads } = TINY;
  const values = (name: string): Float32Array => tensors.get(name)!.values;
  const row = (name: string, i: number): number[] =>
    Array.from(values(name).subarray(i * hidden, (i + 1) * hidden));
  const linear = (name: string, x: Rows): Rows =>
    x.map((input) => {
      const weights = values(`${name}.weight`);
      return Array.from(values(`${name}.bias`), (bias, r) =>
        input.reduce((sum, value, c) => sum + value * weights[r * input.length + c]!, bias),
      );
    });
  const norm = (name: string, x: Rows): Rows =>
    x.map((input) => {
      const mean = input.reduce((sum, v) => sum + v, 0) / hidden;
      const variance = input.reduce((sum, v) => sum + (v - mean) ** 2, 0) / hidden;
      const [gamma, beta] = [values(`${name}.weight`), values(`${name}.bias`)];
      return input.map((v, i) => ((v - mean) / Math.sqrt(variance + 1e-6)) * gamma[i]! + beta[i]!);
    });
  const add = (a: Rows, b: Rows): Rows => a.map((r, i) => r.map((v, j) => v + b[i]![j]!));
  const first = kind === "bert" ? 0 : 2;
  let x = ids.map((id, i) => {
    const word = row("embeddings.word_embeddings.weight", id);
    const position = row("embeddings.position_embeddings.weight", i + first);
    const type = kind === "mpnet" ? [] : row("embeddings.token_type_embeddings.weight", 0);
    return word.map((v, j) => v + position[j]! + (type[j] ?? 0));
  });
  x = norm("embeddings.LayerNorm", x);
  for (let layer = 0; layer < layers; layer++) {
    const names = layerNames(kind, layer);
    const [q, k, v] = [names.query, names.key, names.value].map((name) => linear(name, x)) as [
      Rows,
      Rows,
      Rows,
    ];
    const width = hidden / heads;
    const context = ids.map(() => new Array<number>(hidden).fill(0));
    for (let head = 0; head < heads; head++) {
      for (let i = 0; i < ids.length; i++) {
        const scores = ids.map((_, j) => {
          let sum = 0;
          for (let d = head * width; d < (head + 1) * width; d++) sum += q[i]![d]! * k[j]![d]!;
          const bias =
            kind === "mpnet"
              ? values("encoder.relative_attention_bias.weight")[bucket(j - i) * heads + head]!
              : 0;
          return sum / Math.sqrt(width) + bias;
        });
        const top = Math.max(...scores);
        const powers = scores.map((score) => Math.exp(score - top));
        const total = powers.reduce((sum, power) => sum + power, 0);
        for (let d = head * width; d < (head + 1) * width; d++) {
          context[i]![d] = powers.reduce((sum, power, j) => sum + (power / total) * v[j]![d]!, 0);
        }
      }
    }
    x = norm(names.attentionNorm, add(x, linear(names.out, context)));
    const wide = linear(names.up, x).map((r) =>
      r.map((value) => (value * (1 + erf(value / Math.SQRT2))) / 2),
    );
    x = norm(names.outNorm, add(x, linear(names.down, wide)));
  }
  return x;
}

/** MPNet's bucket of a distance, after `relative_position_bucket` of transformers, for {@link TINY.buckets}. */
function bucket(distance: number): number {
  const half = TINY.buckets / 2;
  const exact = half / 2;
  const far = Math.abs(distance);
  const side = distance > 0 ? half : 0;
  if (far < exact) return side + far;
  const log = exact + Math.trunc((Math.log(far / exact) / Math.log(128 / exact)) * (half - exact));
  return side + Math.min(log, half - 1);
}

/** The error function by its series. */
function erf(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; n < 200; n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return Math.abs(x) > 5 ? Math.sign(x) : (2 / Math.sqrt(Math.PI)) * sum;
}
