import type { SearchResponse } from "annoy-edge/client";

/** A section that an answer may cite. */
export interface Source {
  /** From 1. */
  readonly number: number;
  readonly title: string;
  readonly url: string;
  readonly index: string;
  readonly version: string;
  readonly text: string;
}

/** Hits as numbered sources; relative addresses start from `base`. */
export function sourcesOf({ hits, index, version }: SearchResponse, base: string): Source[] {
  return hits.map(({ id, document }, i) => {
    const { title, heading, url } = document?.metadata ?? {};
    const path = id.split("/").map(encodeURIComponent).join("/");
    const page = typeof url === "string" ? url : `/search/v1/documents/${path}`;
    return {
      number: i + 1,
      title: [heading, title, id].find((one) => typeof one === "string" && one !== "") as string,
      url: new URL(page, base).href,
      index,
      version,
      text: (document?.pageContent ?? "").slice(0, 2000),
    };
  });
}

/** Sources whose numbers stand in an answer; a number that was made up cites nothing. */
export function citedIn(answer: string, sources: readonly Source[]): Omit<Source, "text">[] {
  const numbers = new Set(Array.from(answer.matchAll(/\[(\d{1,2})\]/g), (match) => Number(match[1])));
  return sources.filter(({ number }) => numbers.has(number)).map(({ text: _, ...source }) => source);
}
