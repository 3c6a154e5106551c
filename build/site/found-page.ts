import { type Page, UNKNOWN_SITE } from "./page.ts";
import type { PageName } from "./report.ts";

/** A page of a site under its address. */
export interface FoundPage extends PageName {
  readonly page: Page;
  /** Pages that show this one in the frame of another language, for want of a translation. */
  readonly shownIn?: readonly Shown[];
}

export interface Shown {
  readonly lang: string;
  readonly url: string;
}

/** The address that a page writes, perhaps relative to its base. */
export function linkedFrom({ url, page: { base } }: FoundPage, href: string): URL | undefined {
  const own = URL.parse(url, UNKNOWN_SITE);
  return URL.parse(href, URL.parse(base ?? "", own?.href)?.href ?? own?.href ?? UNKNOWN_SITE) ?? undefined;
}
