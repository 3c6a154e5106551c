/**
 * Returns the milliseconds to wait that a `Retry-After` header asks for: a number of seconds, or a date (RFC 9110).
 * Undefined without the header, or when it is neither.
 */
export function retryAfter(value: string | null | undefined): number | undefined {
  if (value === null || value === undefined) return undefined;
  if (/^\s*\d+(\.\d+)?\s*$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}
