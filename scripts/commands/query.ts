import type { Command } from "commander";
import {
  query,
  type SearchInput,
  type SearchResponse,
  type SuggestResponse,
  suggest,
  withConfiguredEmbedder,
} from "../../build/index.ts";
import { OptionError } from "../../build/settings/errors.ts";
import { decimal, json, leafCommand, perform, wholeNumber } from "../cli/run.ts";

/** Fields of a search as options give them. */
interface Flags extends Omit<SearchInput, "query" | "groupBy" | "rerank"> {
  readonly suggest?: boolean;
  readonly rerank?: number | true;
  readonly groupBy?: string;
  readonly groupHits?: number;
  readonly config?: string;
}

/** `annoy-edge query`: the search, locally, in Node. */
export function addQuery(program: Command): void {
  const command = leafCommand(program, "query", "search an artifact here, with the Worker's own code", [
    'query artifacts/docs "how do I roll back?" -k 5',
    "query artifacts/docs --item 7 --search-k 2000",
    `query artifacts/shop --filter '{"category": "lamps"}' --sort price:asc --total`,
    'query artifacts/vectors --vector "[0.1, 0.9, -0.3]" --json',
  ])
    .argument("<dir>", "artifact folder")
    .argument("[text]", "text to search for; without it --filter, --sort, --group-by or --facets browse")
    .option("--vector <json>", "vector to search for: a JSON array of numbers", json)
    .option("--item <n>", "item whose neighbours are wanted", wholeNumber(0))
    .option("--id <id>", "docstore id whose neighbours are wanted")
    .option("-k, --k <n>", "hits wanted (default: 4)", wholeNumber(1))
    .option(
      "--search-k <n>",
      "candidates to look at; -1 (default) for the certified default",
      wholeNumber(-1),
    )
    .option("--filter <json>", "condition on the documents' metadata", json)
    .option("--mode <mode>", "vector, keyword or hybrid")
    .option("--weights <json>", 'balance of words and vectors, such as {"keyword": 0.3}', json)
    .option("--prefix", "search as you type: the last word may be the beginning of one")
    .option(
      "--did-you-mean",
      "correct misspelled words, and count the documents that hold the corrected ones",
    )
    .option(
      "--rerank [n]",
      "order the first n hits (default: 20) by the reranker of RERANKER",
      wholeNumber(2),
    )
    .option("--suggest", "complete the text instead of searching for it")
    .option("--no-curation", "without the synonyms, pins and boosts of the index")
    .option("--mmr <json>", 'maximal marginal relevance, such as {"fetchK": 20, "lambda": 0.5}', json)
    .option("--include <parts...>", "document (default), metadata, vector, highlights, explanation")
    .option("--offset <n>", "hits to pass over", wholeNumber(0))
    .option("--min-score <s>", "leave out hits of a lower score, 0 to 1", decimal)
    .option("--facets <fields...>", "count the values of these metadata fields")
    .option("--sort <fields...>", "sort by these fields, then by score: price, price:desc")
    .option("--group-by <field>", "group hits by the value of this field; -k and --offset count groups")
    .option("--group-hits <n>", "hits of a group at most (default: 1)", wholeNumber(1))
    .option("--total", "count the documents that are found")
    .option(
      "--config <file>",
      "brings the embedder, when it is one's own (default: annoy-edge.config.ts here)",
    );
  perform<Flags>(command, async (_context, { suggest: isSuggesting, ...flags }, [dir, text]) => {
    if (isSuggesting) {
      const { k, filter, config: _, curation: __, ...others } = flags;
      const [other] = Object.keys(others);
      if (other !== undefined) {
        const option = other.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
        throw new OptionError(`--suggest completes a text and takes -k and --filter alone, not --${option}.`);
      }
      const given = { ...(k !== undefined && { k }), ...(filter !== undefined && { filter }) };
      const answer = await suggest(dir!, { query: text ?? "", ...given });
      return { result: answer, text: describeSuggestions(answer) };
    }
    const { config, curation, groupBy, groupHits, rerank, ...fields } = flags;
    if (groupHits !== undefined && groupBy === undefined) {
      throw new OptionError(
        "--group-hits is the number of hits in each group; name a field with --group-by.",
      );
    }
    const request = {
      ...fields,
      ...(curation === false && { curation }),
      ...(rerank !== undefined && { rerank: rerank === true ? true : { first: rerank } }),
      ...(text !== undefined && { query: text }),
      ...(groupBy !== undefined && { groupBy: { field: groupBy, hits: groupHits } }),
    };
    // The search checks every field of a request, whatever it comes from, and names what is wrong.
    const response = await query(dir!, request as SearchInput, await withConfiguredEmbedder(config));
    return { result: response, text: describe(response) };
  });
}

function describeSuggestions({ suggestions, index, version }: SuggestResponse): string {
  const lines = suggestions.map(({ text, id, documents }) =>
    documents === undefined ? `${text}  (${id})` : `${text}  (${documentsOf(documents)})`,
  );
  return `${(lines.length > 0 ? lines : ["Nothing completes this."]).join("\n")}\n(${index}, version ${version})`;
}

function documentsOf(n: number): string {
  return `${n} ${n === 1 ? "document" : "documents"}`;
}

const TEXT_LENGTH = 160;

function describe(answer: SearchResponse): string {
  const { didYouMean, hits, groups, total, warnings, facets, index, version } = answer;
  const heads = headings(groups);
  const lines = hits.flatMap((hit, i) => {
    // A hit by its words alone may have no distance.
    const distance = hit.distance === null ? "" : `distance ${hit.distance.toFixed(4)}  `;
    const shown = hit.highlights?.[0]?.text ?? hit.document?.pageContent;
    const text = shown === undefined ? "" : `\n    ${excerpt(shown)}`;
    const sorted = hit.sort ? `${hit.sort.map((value) => value ?? "none").join(", ")}  ` : "";
    const line = `${String(i + 1).padStart(2)}. ${hit.id.replace(/[\n\t]/g, "\ufffd")}  item ${hit.item}  ${sorted}${distance}score ${hit.score.toFixed(3)}${text}${explained(hit)}`;
    return [...(heads.get(i) ?? []), line];
  });
  if (total) lines.push(describeTotal(total));
  for (const { message } of warnings ?? []) lines.push(message);
  if (didYouMean) lines.push(`Did you mean "${didYouMean.query}"? (${documentsOf(didYouMean.documents)})`);
  if (hits.length === 0 && !warnings?.length) lines.push("Nothing found.");
  for (const [field, counts] of Object.entries(facets ?? {}))
    lines.push(`${field}: ${counts.map(({ value, count }) => `${value} (${count})`).join(", ")}`);
  return `${lines.join("\n")}\n(${index}, version ${version})`;
}

/** Lines above the first hit of each group, by its position. */
function headings(groups: SearchResponse["groups"]): ReadonlyMap<number, readonly string[]> {
  const heads = new Map<number, readonly string[]>();
  let next = 0;
  for (const { value, hits } of groups ?? []) {
    heads.set(next, [`${value ?? "none"}:`]);
    next += hits;
  }
  return heads;
}

function describeTotal({ value, relation, groups }: NonNullable<SearchResponse["total"]>): string {
  const about = relation === "estimate" ? "About " : "";
  const within = groups === undefined ? "" : ` in ${groups} ${groups === 1 ? "group" : "groups"}`;
  return `${about}${value} ${value === 1 ? "document" : "documents"}${within}.`;
}

/** Why the hit stands there, a line each. */
function explained({ explanation }: SearchResponse["hits"][number]): string {
  if (!explanation) return "";
  const { words, keyword, vector, weights, rules } = explanation;
  const rank = (place: number | null) => (place === null ? "unranked" : `rank ${place}`);
  const lines = [
    ...words.map(({ word, terms, fields }) => `${word}: ${terms.join(", ")} in ${fields.join(", ")}`),
    ...(keyword ? [`words: ${rank(keyword.rank)}, score ${keyword.score.toFixed(3)}`] : []),
    ...(vector ? [`vector: ${rank(vector.rank)}, score ${vector.score.toFixed(3)}`] : []),
    ...(weights ? [`weights: words ${weights.keyword.toFixed(3)}, vector ${weights.vector.toFixed(3)}`] : []),
    ...rules.map(({ rule, message }) => `${rule}: ${message}`),
  ];
  return lines.map((line) => `\n    - ${line}`).join("");
}

function excerpt(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > TEXT_LENGTH ? `${line.slice(0, TEXT_LENGTH - 1)}…` : line;
}
