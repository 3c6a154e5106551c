import { pageKey } from "./urls.ts";

/** Why a page is not in the index; the sentences of a report. */
export const REASONS = {
  redirect: "lead elsewhere at once",
  noindex: "ask not to be indexed",
  draft: "are drafts, by their front matter",
  excluded: "are kept out of searches by their front matter",
  empty: "have no content",
  unmarked: "mark no content, where other pages do",
  canonical: "name another page here as their canonical address",
  list: "are lists of other pages, such as posts, and repeat them",
  untranslated: "show a page of another language, for want of a translation",
  copy: "are copies of another page",
  "same-address": "have the address of another page",
  "not-found-page": "are what the site shows for addresses that lead nowhere",
  gone: "are listed by the sitemap and gone (404, 410)",
  "not-html": "are listed by the sitemap and not HTML",
  "other-site": "are listed by the sitemap and lie on, or lead to, another site",
  "too-large": "are too large",
} as const;
export type Reason = keyof typeof REASONS;

/** A page that is not in the index. */
export interface LeftOutPage {
  /** Its file, or its address. */
  readonly page: string;
  /** Source of the reason, or the page that it is a copy of. */
  readonly detail?: string;
}

/** Sections that are lists of links, of which only the beginning is indexed. */
export interface ShortenedSection {
  readonly page: string;
  readonly heading: string;
  /** Characters that are not indexed. */
  readonly characters: number;
}

/** Report on the pages of a site. */
export interface SiteReport {
  /** Pages that were found. */
  readonly pages: number;
  /** Pages that are in the index. */
  readonly indexed: number;
  /** Documents that they make. */
  readonly documents: number;
  readonly leftOut: Readonly<
    Partial<Record<Reason, { readonly count: number; readonly pages: readonly LeftOutPage[] }>>
  >;
  /** Sections that are lists of links. */
  readonly linkLists: readonly ShortenedSection[];
  readonly warnings: readonly string[];
  readonly explained?: Explanation;
}

/** Outcome of one page. */
export interface Explanation {
  readonly page: string;
  /** `indexed`, `unknown` when the site has no such page, or the reason why it is left out. */
  readonly outcome: "indexed" | "unknown" | Reason;
  readonly detail?: string;
  readonly url?: string;
  readonly title?: string;
  readonly sections?: readonly {
    readonly url: string;
    readonly heading: string;
    readonly characters: number;
  }[];
  readonly linkLists?: readonly ShortenedSection[];
  readonly warnings?: readonly string[];
}

/** A page as the report knows it: its file, if it comes from one, and its address. */
export interface PageName {
  readonly source: string;
  readonly url: string;
}

export type ReportBuilder = ReturnType<typeof createReport>;

/** Gathers a report. @param explain file or address of the page to explain */
export function createReport(explain?: string) {
  const wanted = explain?.replace(/^\.\//, "");
  const isWanted = ({ source, url }: PageName) =>
    wanted !== undefined &&
    (source === wanted ||
      url === wanted ||
      pageKey(`/${wanted}`) === pageKey(`/${source}`) ||
      pageKey(wanted) === pageKey(url));
  const leftOut: Partial<Record<Reason, LeftOutPage[]>> = {};
  const linkLists: ShortenedSection[] = [];
  const warnings: string[] = [];
  let pages = 0;
  let indexed = 0;
  let documents = 0;
  let explained: Explanation | undefined;
  return {
    leaveOut: (name: PageName, reason: Reason, detail?: string) => {
      pages++;
      leftOut[reason] ??= [];
      leftOut[reason].push({ page: name.source, ...(detail && { detail }) });
      if (isWanted(name) && explained === undefined) {
        explained = { page: name.source, outcome: reason, url: name.url, ...(detail && { detail }) };
      }
    },
    warn: (warning: string) => {
      warnings.push(warning);
    },
    index: (
      name: PageName,
      page: {
        readonly title: string;
        readonly warnings?: readonly string[];
        readonly documents: readonly {
          readonly url: string;
          readonly heading: string;
          readonly characters: number;
        }[];
        readonly linkLists: readonly Omit<ShortenedSection, "page">[];
      },
    ) => {
      pages++;
      indexed++;
      documents += page.documents.length;
      const shortened = page.linkLists.map((list) => ({ page: name.source, ...list }));
      linkLists.push(...shortened);
      for (const warning of page.warnings ?? []) warnings.push(`${name.source}: ${warning}`);
      if (!isWanted(name)) return;
      explained = {
        page: name.source,
        outcome: "indexed",
        url: name.url,
        title: page.title,
        sections: page.documents,
        ...(shortened.length > 0 && { linkLists: shortened }),
        ...(page.warnings && { warnings: page.warnings }),
      };
    },
    finish: (): SiteReport => ({
      pages,
      indexed,
      documents,
      leftOut: Object.fromEntries(
        Object.entries(leftOut).map(([reason, list]) => [reason, { count: list.length, pages: list }]),
      ),
      linkLists,
      warnings,
      ...(explain !== undefined && { explained: explained ?? { page: explain, outcome: "unknown" } }),
    }),
  };
}
