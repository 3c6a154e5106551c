/**
 * Whether robots directives, of a page (`<meta name="robots">`) or of its answer (`X-Robots-Tag`), keep it out of an
 * index. Directives are names; `max-image-preview:none` is a directive with a value, and `googlebot: noindex` in a header
 * is for another reader. A page is out from the date of `unavailable_after` on.
 *
 * @param options.now milliseconds since 1970
 */
export function forbidsIndexing(content: string, { header = false, now = Date.now() } = {}): boolean {
  for (const part of content.split(",")) {
    const colon = part.indexOf(":");
    if (colon >= 0) {
      // Of a line of a header, what follows the name of a reader is for that reader.
      const name = part.slice(0, colon).trim().toLowerCase();
      if (header && !VALUED.has(name)) return false;
      if (name === "unavailable_after" && isPast(content.slice(content.indexOf(part) + colon + 1), now))
        return true;
      // What else has a colon is the time of that date.
      continue;
    }
    const names = part.trim().toLowerCase().split(/\s+/);
    if (names.includes("noindex") || names.includes("none")) return true;
  }
  return false;
}

/** Whether a text begins with a date that is past. Dates have commas, as directives between them. */
function isPast(text: string, now: number): boolean {
  const parts = text.split(",").slice(0, 2);
  const dates = parts.map((_, i) => Date.parse(parts.slice(0, parts.length - i).join(",")));
  return (dates.find((date) => !Number.isNaN(date)) ?? Number.POSITIVE_INFINITY) <= now;
}

/** Directives that have a value. */
const VALUED: ReadonlySet<string> = new Set([
  "max-snippet",
  "max-image-preview",
  "max-video-preview",
  "unavailable_after",
]);

/**
 * The address that a refresh (`<meta http-equiv="refresh">`) leads to at once; undefined when it waits, or loads the
 * page itself again. Parsed as HTML says: seconds, a separator, and perhaps `url=` and quotes.
 */
export function refreshTarget(content: string): string | undefined {
  const match = /^\s*(\d*)(?:\.[\d.]*)?(?:\s*[;,]\s*|\s+)(?:url\s*=\s*)?(\S.*)$/is.exec(
    content.slice(0, 4096),
  );
  if (!match || Number(match[1] || "0") > 0) return undefined;
  const rest = match[2]!;
  const quote = rest[0];
  if (quote !== '"' && quote !== "'") return rest.trim();
  const end = rest.indexOf(quote, 1);
  return (end < 0 ? rest.slice(1) : rest.slice(1, end)).trim();
}
