import * as z from "zod/mini";
import { mayAsk } from "../access.ts";
import { HttpError } from "../problems.ts";
import { type AppContext, stateOf } from "../types.ts";
import { readInput, searchInput, similarInput } from "./inputs.ts";
import { readDocument } from "./read.ts";
import { findSimilar, searchText } from "./search.ts";
import type { ToolAnswer, ToolCall } from "./types.ts";

interface Tool {
  readonly title: string;
  readonly description: string;
  readonly input: z.core.$ZodType;
  readonly run: (call: ToolCall, input: unknown) => Promise<ToolAnswer>;
}

const TOOLS: Readonly<Record<string, Tool>> = {
  search: {
    title: "Search",
    description:
      "Searches documents by meaning and by words. Each hit has a passage, the url to cite, the id to read on, and the version of the index.",
    input: searchInput,
    run: searchText,
  },
  read: {
    title: "Read a document",
    description: "Reads a document, or a section of a page with the sections before and after it.",
    input: readInput,
    run: readDocument,
  },
  more_like_this: {
    title: "Find similar documents",
    description: "Finds the documents whose meaning is nearest to that of a document.",
    input: similarInput,
    run: findSimilar,
  },
};

/** Tools as `tools/list` names them. @param indexes names that the caller may ask */
export function describeTools(indexes: readonly string[]) {
  const [first, ...others] = indexes;
  const listed = first === undefined ? "" : ` Indexes: ${[`${first} (the default)`, ...others].join(", ")}.`;
  return Object.entries(TOOLS).map(([name, { title, description, input }]) => {
    const { $schema: _, ...schema } = z.toJSONSchema(input, { io: "input" }) as Record<string, unknown>;
    return {
      name,
      title,
      description: description + listed,
      inputSchema: { ...schema, type: "object" as const },
      annotations: { title, readOnlyHint: true, idempotentHint: true, openWorldHint: false },
    };
  });
}

/** @throws HttpError `NOT_FOUND`; SearchError when the arguments are wrong, or do not fit the index */
export async function callTool(call: ToolCall, name: string, input: unknown): Promise<ToolAnswer> {
  const tool = Object.hasOwn(TOOLS, name) ? TOOLS[name] : undefined;
  if (!tool) {
    const message = `There is no tool ${JSON.stringify(name.slice(0, 100))}; there are ${Object.keys(TOOLS).join(", ")}.`;
    throw new HttpError("NOT_FOUND", message);
  }
  return tool.run(call, input);
}

/** Names that a description has room for. */
const MAX_LISTED = 50;

/** Names of the indexes that the caller may ask, the one that answers by default first. */
export async function allowedIndexes(c: AppContext): Promise<readonly string[]> {
  const { indexes } = stateOf(c).service;
  return (await indexes.list()).filter((name) => mayAsk(c, name)).slice(0, MAX_LISTED);
}
