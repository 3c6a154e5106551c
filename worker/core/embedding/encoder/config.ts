import { MATRIX_COLUMNS } from "../../format/encoder.ts";
import { ArtifactError } from "../../format/errors.ts";
import { jsonOf } from "../../format/json.ts";
import { checkTokenizer, type TokenIndex } from "../model2vec/table.ts";

/** The JSON of section `config`: what an encoder is, beside its numbers. */
export interface EncoderConfig extends Pick<TokenIndex, "normalise" | "preTokenise" | "model"> {
  readonly name: string;
  readonly hidden: number;
  readonly layers: number;
  readonly heads: number;
  readonly intermediate: number;
  /** Tokens of the vocabulary. */
  readonly tokens: number;
  /** Rows of the position table. */
  readonly positions: number;
  /** Tokens of a text that are read, with the two around it. */
  readonly maxTokens: number;
  /** Added to variances in layer norms. */
  readonly epsilon: number;
  readonly pooling: "cls" | "mean";
  readonly normalized: boolean;
  /** Bits of a number of the token table, */
  readonly tokenBits: 4 | 8;
  /** and how many share a scale. */
  readonly tokenGroup: number;
  /** Positions in the vocabulary of the tokens before and behind every text. */
  readonly start: number;
  readonly end: number;
  readonly queryPrefix: string;
  readonly documentPrefix: string;
  /** Buckets of a relative position bias, as MPNet has it; 0: none. */
  readonly relativeBuckets: number;
}

const MOST_TOKENS = 1 << 20;

/**
 * Reads section `config`, trusting none of it.
 *
 * @throws ArtifactError `CORRUPT_EMBEDDER`
 */
export function readConfig(bytes: Uint8Array): EncoderConfig {
  const json = jsonOf(
    bytes,
    (cause) => new ArtifactError("CORRUPT_EMBEDDER", "The encoder's configuration is not JSON.", { cause }),
  );
  if (typeof json !== "object" || json === null) throw corrupt("configuration", json);
  const config = json as Record<string, unknown>;
  const count = (field: keyof EncoderConfig, least: number, most: number): number => {
    const value = config[field];
    if (typeof value !== "number" || !Number.isInteger(value) || value < least || value > most) {
      throw corrupt(field, value);
    }
    return value;
  };
  const oneOf = (field: keyof EncoderConfig, values: readonly unknown[]): void => {
    if (!values.includes(config[field])) throw corrupt(field, config[field]);
  };
  const hidden = count("hidden", MATRIX_COLUMNS, 4096);
  const heads = count("heads", 1, 256);
  const width = hidden / heads;
  if (hidden % MATRIX_COLUMNS !== 0 || !Number.isInteger(width) || width % 4 !== 0)
    throw corrupt("heads", heads);
  count("layers", 1, 96);
  if (count("intermediate", MATRIX_COLUMNS, 16_384) % MATRIX_COLUMNS !== 0) {
    throw corrupt("intermediate", config.intermediate);
  }
  const tokens = count("tokens", 3, MOST_TOKENS);
  count("maxTokens", 3, count("positions", 3, 8192));
  oneOf("tokenBits", [4, 8]);
  const group = count("tokenGroup", 2, hidden);
  if (hidden % group !== 0 || group % 2 !== 0) throw corrupt("tokenGroup", group);
  count("start", 0, tokens - 1);
  count("end", 0, tokens - 1);
  count("relativeBuckets", 0, 1024);
  oneOf("pooling", ["cls", "mean"]);
  oneOf("normalized", [true, false]);
  if (!(typeof config.epsilon === "number" && config.epsilon > 0 && config.epsilon < 1)) {
    throw corrupt("epsilon", config.epsilon);
  }
  for (const field of ["name", "queryPrefix", "documentPrefix"] as const) {
    if (typeof config[field] !== "string") throw corrupt(field, config[field]);
  }
  checkTokenizer(config, tokens);
  // Every field that decides a size or an index has been checked above.
  return json as EncoderConfig;
}

function corrupt(field: string, value: unknown): ArtifactError {
  return new ArtifactError(
    "CORRUPT_EMBEDDER",
    `The encoder's configuration has ${String(value)} for ${field}, which cannot be.`,
  );
}
