/** A page as every contender is given it. */
export interface SitePage {
  readonly url: string;
  readonly title: string;
  readonly text: string;
}

/** A title, and the page that bears it. */
export interface TitleQuery {
  readonly query: string;
  readonly url: string;
}

export interface SiteInput {
  /** The folder of built HTML. */
  readonly folder: string;
  /** Folder that contenders may write to. */
  readonly work: string;
  /** Packages fetched on demand. */
  readonly cache: string;
  readonly pages: readonly SitePage[];
  readonly queries: readonly TitleQuery[];
}

export interface SiteAnswer {
  /** Addresses of the first ten pages for every query, best first. */
  readonly found: readonly (readonly string[])[];
  readonly indexSeconds: number;
  readonly indexBytes: number;
  /** The same index and hits, shown in another order. */
  readonly also?: {
    readonly name: string;
    readonly note: string;
    readonly found: readonly (readonly string[])[];
  };
}

export interface SiteContender {
  readonly name: string;
  readonly note: string;
  run(input: SiteInput): Promise<SiteAnswer>;
}

export const RANKS = 10;
