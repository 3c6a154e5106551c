/** Work of encoding a corpus with the sentence encoder that ships. */
export interface PlannedEncoding {
  /** Tokens that are read, those around each text included. */
  readonly tokens: number;
  readonly cores: number;
  /** Seconds of a first build; a rebuild encodes only texts that changed. */
  readonly seconds: number;
  /** Bytes that an isolate holds of the encoder, whatever number of indexes use it. */
  readonly residentBytes: number;
}

/** Dimensions of the encoder that ships, by which it is taken for the embedder. */
export const ENCODER_DIMENSIONS = 384;

/** Tokens a second of one core (docs/embedders.md). */
const TOKENS_PER_SECOND = 3400;
/** Bytes of English text a token: 3.2 (code) to 4.7 (encyclopaedia) on five judged sets. */
const BYTES_PER_TOKEN = 4.4;
/** Tokens around a text, and most that the model reads. */
const AROUND = 2;
const MAX_TOKENS = 256;
/** The weights, and what a query's pass needs. */
const RESIDENT_BYTES = 18.6e6;

/** Estimates the time to encode `items` texts of so many bytes each on so many cores. */
export function planEncoding(items: number, textBytes: number, cores: number): PlannedEncoding {
  const tokens = items * Math.min(MAX_TOKENS, AROUND + textBytes / BYTES_PER_TOKEN);
  const seconds = tokens / (TOKENS_PER_SECOND * cores);
  return { tokens: Math.round(tokens), cores, seconds, residentBytes: RESIDENT_BYTES };
}
