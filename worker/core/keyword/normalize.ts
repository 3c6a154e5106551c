/**
 * Characters that only steer how a text is set or joined, and that people do not type: soft hyphens, zero-width and direction
 * characters, variation selectors, keycaps, and the strokes that stretch Arabic, N'Ko and Mongolian words.
 */
const IGNORED = /(?:[\p{Default_Ignorable_Code_Point}\u0640\u07fa\u180a]|\u20e3)+/gu;

/** Characters that compose into one, or is taken apart as one: conjoining jamo, or a character with its marks. */
const SEGMENT =
  /[\u1100-\u11ff\ua960-\ua97c\ud7b0-\ud7fb]+|[^\p{M}\uff9e\uff9f][\p{M}\uff9e\uff9f\p{Default_Ignorable_Code_Point}]*|[\p{M}\uff9e\uff9f\p{Default_Ignorable_Code_Point}]+/gu;

/** A text in its normal form, with the place that each of its code units comes from. */
export interface Normalized {
  readonly text: string;
  /** Beginning and end of each code unit's character in the given text. */
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

/** Text in NFKC, without ignored characters. */
function normal(text: string): string {
  return text.replace(IGNORED, "").normalize("NFKC").replace(IGNORED, "");
}

/** Latin, Cyrillic, Kana and Han letters that are in their normal form: most words of most texts. */
const USUAL =
  /^[A-Za-z0-9'’._\-\u2010À-ÖØ-öø-ÿ\u0400-\u0482\u048a-\u052f\u3041-\u3096\u30a1-\u30fa\u30fc\u4e00-\u9fff]+$/;

/** Brings a run of characters to its normal form; undefined when it has it. Linear in the run. */
export function normalizeRun(run: string): Normalized | undefined {
  if (USUAL.test(run) || normal(run) === run) return undefined;
  let text = "";
  const starts: number[] = [];
  const ends: number[] = [];
  for (const { 0: segment, index } of run.matchAll(SEGMENT)) {
    const part = normal(segment);
    text += part;
    for (let i = 0; i < part.length; i++) {
      starts.push(index);
      ends.push(index + segment.length);
    }
  }
  return { text, starts, ends };
}
