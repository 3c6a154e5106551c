/**
 * An encoder of BERT's kind, small enough to be written here byte by byte (onnx.proto3, opset 17): embeddings of words and
 * of token types, one head of self-attention under the attention mask, a residual connection, layer normalisation.
 */
export interface TinyEncoder {
  /** One row a token of the vocabulary. */
  readonly words: readonly (readonly number[])[];
  /** One row a token type. */
  readonly types: readonly (readonly number[])[];
}

/** Hides padding from the softmax, as BERT does. */
const HIDDEN = -10_000;
const EPSILON = 1e-5;

const FLOAT = 1;
const INT64 = 7;

/** The model's file. */
export function encodeOnnx({ words, types }: TinyEncoder): Uint8Array {
  const width = words[0]!.length;
  const graph = [
    ...node("Gather", ["words", "input_ids"], "of_words"),
    ...node("Gather", ["types", "token_type_ids"], "of_types"),
    ...node("Add", ["of_words", "of_types"], "x"),
    ...node("Transpose", ["x"], "xt", ints("perm", [0, 2, 1])),
    ...node("MatMul", ["x", "xt"], "likeness"),
    ...node("Cast", ["attention_mask"], "seen", int("to", FLOAT)),
    ...node("Sub", ["one", "seen"], "unseen"),
    ...node("Mul", ["unseen", "hidden"], "penalty"),
    ...node("Unsqueeze", ["penalty", "axis"], "penalties"),
    ...node("Add", ["likeness", "penalties"], "masked"),
    ...node("Softmax", ["masked"], "attention"),
    ...node("MatMul", ["attention", "x"], "context"),
    ...node("Add", ["x", "context"], "sum"),
    ...node("LayerNormalization", ["sum", "scale", "bias"], "last_hidden_state"),
    ...text(2, "tiny"),
    ...floats("words", [words.length, width], words.flat()),
    ...floats("types", [types.length, width], types.flat()),
    ...floats("scale", [width], new Array<number>(width).fill(1)),
    ...floats("bias", [width], new Array<number>(width).fill(0)),
    ...floats("one", [], [1]),
    ...floats("hidden", [], [HIDDEN]),
    ...tensor("axis", INT64, [1], new Uint8Array(BigInt64Array.of(1n).buffer)),
    ...["input_ids", "attention_mask", "token_type_ids"].flatMap((name) =>
      bytes(11, value(name, INT64, ["batch", "length"])),
    ),
    ...bytes(12, value("last_hidden_state", FLOAT, ["batch", "length", "width"])),
  ];
  return Uint8Array.from([...number(1, 8), ...bytes(7, graph), ...bytes(8, number(2, 17))]);
}

/** Output of the model for one sequence of tokens of type 0: a row a token. */
export function runTiny({ words, types }: TinyEncoder, ids: readonly number[]): number[][] {
  const x = ids.map((id) => words[id]!.map((w, i) => w + types[0]![i]!));
  return x.map((row) => {
    const likeness = x.map((other) => row.reduce((sum, w, i) => sum + w * other[i]!, 0));
    const most = Math.max(...likeness);
    const weights = likeness.map((l) => Math.exp(l - most));
    const total = weights.reduce((sum, w) => sum + w, 0);
    const sum = row.map(
      (w, i) => w + x.reduce((all, other, j) => all + (weights[j]! / total) * other[i]!, 0),
    );
    const mean = sum.reduce((all, w) => all + w, 0) / sum.length;
    const variance = sum.reduce((all, w) => all + (w - mean) ** 2, 0) / sum.length;
    return sum.map((w) => (w - mean) / Math.sqrt(variance + EPSILON));
  });
}

function node(type: string, inputs: readonly string[], output: string, attribute: number[] = []): number[] {
  return bytes(1, [
    ...inputs.flatMap((name) => text(1, name)),
    ...text(2, output),
    ...text(4, type),
    ...attribute,
  ]);
}

function int(name: string, value: number): number[] {
  return bytes(5, [...text(1, name), ...number(3, value), ...number(20, 2)]);
}

function ints(name: string, values: readonly number[]): number[] {
  return bytes(5, [...text(1, name), ...values.flatMap((value) => number(8, value)), ...number(20, 7)]);
}

function floats(name: string, dims: readonly number[], values: readonly number[]): number[] {
  return tensor(name, FLOAT, dims, new Uint8Array(Float32Array.from(values).buffer));
}

function tensor(name: string, type: number, dims: readonly number[], raw: Uint8Array): number[] {
  return bytes(5, [
    ...dims.flatMap((dim) => number(1, dim)),
    ...number(2, type),
    ...text(8, name),
    ...bytes(9, raw),
  ]);
}

function value(name: string, type: number, axes: readonly string[]): number[] {
  const shape = axes.flatMap((axis) => bytes(1, text(2, axis)));
  return [...text(1, name), ...bytes(2, bytes(1, [...number(1, type), ...bytes(2, shape)]))];
}

function number(field: number, value: number): number[] {
  return [...varint(field << 3), ...varint(value)];
}

function bytes(field: number, value: Iterable<number>): number[] {
  const content = [...value];
  return [...varint((field << 3) | 2), ...varint(content.length), ...content];
}

function text(field: number, value: string): number[] {
  return bytes(field, new TextEncoder().encode(value));
}

function varint(value: number): number[] {
  const out: number[] = [];
  let rest = value;
  for (; rest > 127; rest >>>= 7) out.push((rest & 127) | 128);
  out.push(rest);
  return out;
}
