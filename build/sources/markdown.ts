import { parse } from "yaml";
import { SourceError } from "./errors.ts";
import type { SourceFile } from "./types.ts";

const FRONT_MATTER = /^---[ \t]*\r?\n([\s\S]*?)\r?\n?^(?:---|\.\.\.)[ \t]*(?:\r?\n|$)/m;
const TITLE = /^#[ \t]+(.+?)[ \t#]*$/m;

/**
 * Text and metadata of a Markdown file: YAML front matter becomes metadata, and the first heading the title when the
 * front matter gives none.
 *
 * @throws SourceError `BAD_FRONT_MATTER`
 */
export function readMarkdown(
  text: string,
  file: SourceFile,
): { pageContent: string; metadata: Record<string, unknown> } {
  const block = text.startsWith("---") ? FRONT_MATTER.exec(text) : null;
  // A rule between two paragraphs is no front matter.
  const given = block?.index === 0 ? frontMatter(block[1]!, file) : undefined;
  const pageContent = given ? text.slice(block![0].length) : text;
  const title = given?.title ?? TITLE.exec(pageContent)?.[1];
  return { pageContent, metadata: { ...(title !== undefined && { title }), ...given } };
}

function frontMatter(yaml: string, file: SourceFile): Record<string, unknown> | undefined {
  let value: unknown;
  try {
    value = parse(yaml);
  } catch (cause) {
    throw new SourceError(
      "BAD_FRONT_MATTER",
      `${file.source}: its front matter is not YAML (${(cause as Error).message.split("\n")[0]}).`,
      { cause },
    );
  }
  if (value === null) return {};
  if (typeof value !== "object" || Array.isArray(value)) return undefined;
  // YAML knows values that JSON does not (NaN, for one); metadata is JSON.
  return JSON.parse(JSON.stringify(value)) as Record<string, unknown>;
}
