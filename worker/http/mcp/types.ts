import type { AppContext } from "../types.ts";

export interface McpOptions {
  /** Name that agents show. Default: annoy-edge. */
  readonly name?: string | undefined;
  /** Sentences for the agent: what the indexes hold, and when to search them. */
  readonly instructions?: string | undefined;
  /** Address that relative URLs of documents start from. Default: where the request was sent. */
  readonly siteUrl?: string | undefined;
}

/** One call of a tool. */
export interface ToolCall {
  readonly c: AppContext;
  readonly options: McpOptions;
}

/** Answer of a tool: as text for the model, and as data for programs. */
export interface ToolAnswer {
  readonly text: string;
  readonly data: Record<string, unknown>;
}
