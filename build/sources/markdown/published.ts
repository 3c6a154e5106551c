/** Why the front matter of a page keeps it out; undefined when it does not. */
export interface Withheld {
  readonly reason: "draft" | "excluded";
  /** The setting that says so. */
  readonly detail: string;
}

/**
 * Settings that withhold a page where they are true: drafts, and pages that a generator keeps out of searches. In lower case:
 * Hugo's names have any.
 */
const TRUE: Readonly<Record<string, Withheld["reason"]>> = {
  draft: "draft",
  headless: "draft",
  noindex: "excluded",
  unlisted: "excluded",
  hidden: "excluded",
  search_exclude: "excluded",
  excludesearch: "excluded",
  searchhidden: "excluded",
  booksearchexclude: "excluded",
  excludefromsearch: "excluded",
  exclude_from_search: "excluded",
  eleventyexcludefromcollections: "excluded",
};
/** Settings that do where they are false. */
const FALSE: Readonly<Record<string, Withheld["reason"]>> = {
  published: "draft",
  publish: "draft",
  render: "draft",
  pagefind: "excluded",
  search: "excluded",
  searchable: "excluded",
  in_search_index: "excluded",
  permalink: "excluded",
};
/** Days before which a page is not published, and from which it is no more, under all names that Hugo has for them. */
const FROM: ReadonlySet<string> = new Set(["publishdate", "pubdate", "published"]);
const UNTIL: ReadonlySet<string> = new Set(["expirydate", "unpublishdate"]);
/** `2026-11-30`, `2026-11-30T08:00:00Z`, `2026-11-30 08:00:00 +01:00`; other texts are no days. */
const DAY = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)\s*(Z|[+-]\d{2}:?\d{2})?)?$/i;

/**
 * Whether a page's front matter keeps it out of a search: Hugo's, Jekyll's, Docusaurus' and Astro's drafts, Hugo's pages of
 * another time, Starlight's `pagefind: false`, Material for MkDocs' `search: {exclude: true}`, and what others call the same.
 *
 * @param now milliseconds since 1970
 */
export function withheldBy(
  metadata: Readonly<Record<string, unknown>>,
  now: number = Date.now(),
): Withheld | undefined {
  for (const [name, value] of Object.entries(metadata)) {
    const key = name.toLowerCase();
    const reason =
      (isTrue(value) && Object.hasOwn(TRUE, key) && TRUE[key]) ||
      (isFalse(value) && Object.hasOwn(FALSE, key) && FALSE[key]) ||
      (isOtherTime(key, value, now) && "draft");
    if (reason) return { reason, detail: `${name}: ${value}` };
  }
  const { status, search, robots, build, _build = build } = metadata;
  if (typeof status === "string" && /^(?:draft|hidden|private)$/i.test(status.trim())) {
    return { reason: "draft", detail: `status: ${status}` };
  }
  if (search === "exclude" || isTrue(memberOf(search, "exclude"))) {
    return { reason: "excluded", detail: "search: exclude" };
  }
  const names = typeof robots === "string" ? robots.toLowerCase().split(/[\s,]+/) : [];
  if (names.includes("noindex") || names.includes("none") || isFalse(memberOf(robots, "index"))) {
    return { reason: "excluded", detail: "robots: noindex" };
  }
  if (isNever(memberOf(_build, "render"))) return { reason: "draft", detail: "build.render: never" };
  if (isNever(memberOf(_build, "list"))) return { reason: "excluded", detail: "build.list: never" };
  return undefined;
}

/** Whether a page is not published yet, or no more. */
function isOtherTime(key: string, value: unknown, now: number): boolean {
  if (typeof value !== "string" || !(FROM.has(key) || UNTIL.has(key))) return false;
  const [, day, time = "00:00", zone = "Z"] = DAY.exec(value.trim()) ?? [];
  const at =
    day === undefined
      ? Number.NaN
      : Date.parse(`${day}T${time}${zone.replace(/(\d{2}):?(\d{2})$/, "$1:$2")}`);
  return FROM.has(key) ? at > now : at <= now;
}

/** Hugo's build options; older versions have truth values. */
function isNever(value: unknown): boolean {
  return value === "never" || isFalse(value);
}

/** YAML's older words for truth are texts to YAML 1.2, and generators read them as before. */
function isTrue(value: unknown): boolean {
  return value === true || (typeof value === "string" && /^(?:true|yes|on)$/i.test(value.trim()));
}

function isFalse(value: unknown): boolean {
  return value === false || (typeof value === "string" && /^(?:false|no|off)$/i.test(value.trim()));
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
