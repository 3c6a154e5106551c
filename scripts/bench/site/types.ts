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
  readonly pages: readonly SitePage[];
  readonly queries: readonly TitleQuery[];
}

/** Addresses of the first ten pages for every query, best first. */
export type Ranking = readonly (readonly string[])[];

export interface SiteAnswer {
  readonly indexSeconds: number;
  readonly indexBytes: number;
  /** Rankings of the same hits, by name. */
  readonly rankings: Readonly<Record<string, Ranking>>;
}

export interface SiteContender {
  readonly name: string;
  run(input: SiteInput): Promise<SiteAnswer>;
}

export const RANKS = 10;
