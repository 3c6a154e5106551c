/** Why the front matter of a page keeps it out; undefined when it does not. */
export interface Withheld {
  readonly reason: "draft" | "excluded";
  /** The setting that says so. */
  readonly detail: string;
}

/** Settings that withhold a page where they are true: drafts, and pages that a generator keeps out of searches. */
const TRUE: Readonly<Record<string, Withheld["reason"]>> = {
  draft: "draft",
  noindex: "excluded",
  noIndex: "excluded",
  unlisted: "excluded",
  search_exclude: "excluded",
  excludeSearch: "excluded",
  searchHidden: "excluded",
  excludeFromSearch: "excluded",
  exclude_from_search: "excluded",
};
/** Settings that do where they are false. */
const FALSE: Readonly<Record<string, Withheld["reason"]>> = {
  published: "draft",
  publish: "draft",
  pagefind: "excluded",
  search: "excluded",
  searchable: "excluded",
  permalink: "excluded",
};

/**
 * Whether a page's front matter keeps it out of a search: Hugo's, Jekyll's, Docusaurus' and Astro's drafts, Starlight's
 * `pagefind: false`, Material for MkDocs' `search: {exclude: true}`, and what others call the same.
 */
export function withheldBy(metadata: Readonly<Record<string, unknown>>): Withheld | undefined {
  for (const [key, value] of Object.entries(metadata)) {
    const reason =
      (isTrue(value) && Object.hasOwn(TRUE, key) && TRUE[key]) ||
      (isFalse(value) && Object.hasOwn(FALSE, key) && FALSE[key]);
    if (reason) return { reason, detail: `${key}: ${value}` };
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
  if (["never", false].includes(memberOf(_build, "render") as string | boolean)) {
    return { reason: "draft", detail: "build.render: never" };
  }
  return undefined;
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
