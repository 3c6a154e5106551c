import { ModelError } from "../model/errors.ts";
import type { Json } from "../model/files.ts";
import type { Tensor } from "../model/safetensors.ts";

/** Fields of config.json that an import needs, under one set of names. */
export interface Architecture {
  readonly kind: "bert" | "xlm-roberta" | "mpnet";
  readonly hidden: number;
  readonly layers: number;
  readonly heads: number;
  readonly intermediate: number;
  readonly epsilon: number;
  /** Rows of the position table that no text uses: those before the first token's. */
  readonly firstPosition: number;
  readonly relativeBuckets: number;
}

/** A layer's tensors, by this project's names. */
const NAMES = {
  bert: {
    query: "attention.self.query",
    key: "attention.self.key",
    value: "attention.self.value",
    attentionOut: "attention.output.dense",
    attentionNorm: "attention.output.LayerNorm",
    up: "intermediate.dense",
    down: "output.dense",
    outNorm: "output.LayerNorm",
  },
  mpnet: {
    query: "attention.attn.q",
    key: "attention.attn.k",
    value: "attention.attn.v",
    attentionOut: "attention.attn.o",
    attentionNorm: "attention.LayerNorm",
    up: "intermediate.dense",
    down: "output.dense",
    outNorm: "output.LayerNorm",
  },
} as const;
export type LayerPart = keyof (typeof NAMES)["bert"];

/** @throws ModelError `MODEL_UNSUPPORTED`, `BAD_MODEL` */
export function readArchitecture(config: Json): Architecture {
  const kind = config.model_type;
  if (kind !== "bert" && kind !== "xlm-roberta" && kind !== "mpnet") {
    throw new ModelError(
      "MODEL_UNSUPPORTED",
      `config.json has a model_type of ${String(kind)}; bert, xlm-roberta and mpnet can be imported.`,
    );
  }
  if (config.hidden_act !== "gelu") throw unsupported("hidden_act", config.hidden_act);
  const positions = config.position_embedding_type ?? "absolute";
  if (positions !== "absolute") throw unsupported("position_embedding_type", positions);
  const count = (field: string): number => {
    const value = config[field];
    if (typeof value === "number" && Number.isInteger(value) && value > 0) return value;
    throw new ModelError("BAD_MODEL", `config.json has no whole number ${field}.`);
  };
  const hidden = count("hidden_size");
  const intermediate = count("intermediate_size");
  const heads = count("num_attention_heads");
  if (hidden % 16 !== 0 || intermediate % 16 !== 0 || hidden % (4 * heads) !== 0) {
    throw unsupported("shape", `${hidden} x ${intermediate} with ${heads} heads`);
  }
  const padding = typeof config.pad_token_id === "number" ? config.pad_token_id : 1;
  return {
    kind,
    hidden,
    intermediate,
    heads,
    layers: count("num_hidden_layers"),
    epsilon: typeof config.layer_norm_eps === "number" ? config.layer_norm_eps : 1e-12,
    firstPosition: kind === "bert" ? 0 : padding + 1,
    relativeBuckets:
      kind === "mpnet"
        ? typeof config.relative_attention_num_buckets === "number"
          ? config.relative_attention_num_buckets
          : 32
        : 0,
  };
}

/** Tensors of a checkpoint by name, whatever prefix its class has put before them. */
export interface Checkpoint {
  /** The numbers of a tensor that must have this shape; -1 stands for any. */
  take(name: string, ...shape: number[]): Float32Array;
  /** As `take`, of numbers that are not all zero: a model of zeros gives every text the same vector. */
  takeMatrix(name: string, ...shape: number[]): Float32Array;
  /** A tensor of one layer: `part` and `.weight` or `.bias`. */
  takeLayer(layer: number, part: LayerPart, kind: "weight" | "bias", ...shape: number[]): Float32Array;
  has(name: string): boolean;
}

export function openCheckpoint(tensors: ReadonlyMap<string, Tensor>, kind: Architecture["kind"]): Checkpoint {
  const probe = "embeddings.word_embeddings.weight";
  const full = Array.from(tensors.keys()).find((name) => name.endsWith(probe));
  if (full === undefined) throw new ModelError("BAD_MODEL", `model.safetensors has no tensor ${probe}.`);
  const prefix = full.slice(0, -probe.length);
  const names = NAMES[kind === "mpnet" ? "mpnet" : "bert"];
  const take = (name: string, ...shape: number[]): Float32Array => {
    const tensor = tensors.get(prefix + name);
    if (!tensor) throw new ModelError("BAD_MODEL", `model.safetensors has no tensor ${prefix}${name}.`);
    const fits =
      tensor.shape.length === shape.length && shape.every((n, i) => n === -1 || n === tensor.shape[i]);
    if (!fits) {
      throw new ModelError(
        "BAD_MODEL",
        `Tensor ${name} of model.safetensors has the shape ${tensor.shape.join(" x ")}; config.json wants ${shape.join(" x ")}.`,
      );
    }
    const bad = tensor.values.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) {
      throw new ModelError(
        "BAD_MODEL",
        `Tensor ${name} of model.safetensors holds ${tensor.values[bad]} at ${bad}: weights must be finite.`,
      );
    }
    return tensor.values instanceof Float32Array ? tensor.values : Float32Array.from(tensor.values);
  };
  const takeMatrix = (name: string, ...shape: number[]): Float32Array => {
    const values = take(name, ...shape);
    if (values.some((value) => value !== 0)) return values;
    throw new ModelError("BAD_MODEL", `Tensor ${name} of model.safetensors holds nothing but zeros.`);
  };
  return {
    take,
    takeMatrix,
    takeLayer: (layer, part, kind, ...shape) =>
      (kind === "weight" ? takeMatrix : take)(`encoder.layer.${layer}.${names[part]}.${kind}`, ...shape),
    has: (name) => tensors.has(prefix + name),
  };
}

function unsupported(field: string, value: unknown): ModelError {
  return new ModelError(
    "MODEL_UNSUPPORTED",
    `config.json has ${field} ${String(value)}, which cannot be imported.`,
  );
}
