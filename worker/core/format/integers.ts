/** Whole numbers of so many digits may be beyond 2^53, where a float64 leaves some out. */
const LONG_INTEGER = /(?<![\d.])\d{16,}(?![\d.eE])/;
const INTEGER = /^-?\d+$/;

/** Whether a JSON text may have a number that does not keep its digits. */
export function mayBeRounded(text: string): boolean {
  return LONG_INTEGER.test(text);
}

/**
 * Parses JSON without rounding whole numbers: beyond 2^53 they become text, with all their digits.
 *
 * @throws SyntaxError
 */
export function parseJson(text: string): unknown {
  return mayBeRounded(text) ? JSON.parse(text, keepDigits as Reviver) : JSON.parse(text);
}

/** TypeScript does not know yet that a reviver is given the source of a primitive. */
type Reviver = (this: unknown, key: string, value: unknown) => unknown;

function keepDigits(_key: string, value: unknown, context: { readonly source?: string }): unknown {
  return typeof value === "number" && isRounded(context.source ?? "", value) ? context.source : value;
}

/** Whether a text is a whole number beyond 2^53, whose digits a number does not keep. */
export function isRounded(text: string, number: number): boolean {
  return !Number.isSafeInteger(number) && INTEGER.test(text);
}

/** A whole number as metadata has it: as text where a number would not keep its digits. */
export function ofBigInt(value: bigint): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}
