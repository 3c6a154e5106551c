const ISO_DATE = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|[+-]\d{2}:?\d{2})?)?$/;

/**
 * Milliseconds since 1970 of an ISO 8601 date, with or without a time of day; undefined when it is none. A time
 * without a zone is UTC, so that an index means the same wherever it is built.
 */
export function parseDate(text: string): number | undefined {
  const match = ISO_DATE.exec(text);
  if (!match) return undefined;
  const [, day, time, zone] = match;
  const milliseconds = Date.parse(time === undefined ? day! : `${day}T${time}${zone ?? "Z"}`);
  if (Number.isNaN(milliseconds)) return undefined;
  // The 30th of February is no date, though some parsers take it for the 2nd of March.
  return new Date(`${day}T00:00:00Z`).toISOString().startsWith(day!) ? milliseconds : undefined;
}

/** Whether the text is a date without a time of day. */
export function isDay(text: string): boolean {
  return text.length === 10 && parseDate(text) !== undefined;
}
