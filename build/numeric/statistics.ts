/** Returns the mean of what `value` makes of the entries; `none` (default 0) of an empty list. */
export function meanOf<T>(list: readonly T[], value: (entry: T) => number, none = 0): number {
  if (list.length === 0) return none;
  let sum = 0;
  for (const entry of list) sum += value(entry);
  return sum / list.length;
}

/** Returns the mean and its standard error. An empty list has the mean 1: no query misses anything. */
export function meanWithError<T>(
  list: readonly T[],
  value: (entry: T) => number,
): { readonly mean: number; readonly error: number } {
  const mean = meanOf(list, value, 1);
  const squares = meanOf(list, (entry) => value(entry) ** 2, 1);
  return { mean, error: standardError(mean, squares, list.length) };
}

/** Returns the standard error of a mean, from the mean of the squares of the `count` values. */
export function standardError(mean: number, meanSquare: number, count: number): number {
  return Math.sqrt(Math.max(0, meanSquare - mean ** 2) / Math.max(1, count - 1));
}

/** Rounds to so many decimal places; four is what a recall is worth. */
export function round(value: number, places = 4): number {
  const unit = 10 ** places;
  return Math.round(value * unit) / unit;
}

/** Returns the value below which `share` of the values lie. They must ascend. 0 of none. */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** Returns the middle value, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
