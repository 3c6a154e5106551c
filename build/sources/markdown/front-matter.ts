import { parse as parseToml } from "smol-toml";
import { isScalar, parseDocument } from "yaml";
import { ofBigInt, parseJson } from "../../../worker/core/format/integers.ts";
import { SourceError } from "../errors.ts";

/** Front matter above a text. */
export interface FrontMatter {
  /** As JSON has them: dates are texts. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** As written, whatever its type: `1.10` stays that. */
  readonly title?: string;
  /** Beginning of the text. */
  readonly end: number;
}

type Language = "yaml" | "toml" | "json";

/** First lines of front matter, and the line that ends it. `---toml` is what Eleventy and gray-matter read. */
const OPENINGS: Readonly<
  Record<string, { readonly language: Language; readonly closing: readonly string[] }>
> = {
  "---": { language: "yaml", closing: ["---", "..."] },
  "---yaml": { language: "yaml", closing: ["---", "..."] },
  "---toml": { language: "toml", closing: ["---"] },
  "---json": { language: "json", closing: ["---"] },
  "+++": { language: "toml", closing: ["+++"] },
  ";;;": { language: "json", closing: [";;;"] },
};

/**
 * The front matter of a text: YAML, TOML or JSON. Undefined when there is none: a rule between two paragraphs is none.
 *
 * @param name the file, for messages
 * @throws SourceError `BAD_FRONT_MATTER`
 */
export function frontMatterOf(text: string, name: string): FrontMatter | undefined {
  const first = lineAt(text, 0);
  const opening = first.text.trimEnd();
  if (opening === "{") return jsonObject(text);
  if (!Object.hasOwn(OPENINGS, opening)) return undefined;
  const { language, closing } = OPENINGS[opening]!;
  for (let at = first.next; at < text.length; ) {
    const line = lineAt(text, at);
    if (closing.includes(line.text.trimEnd())) {
      const given = READERS[language](text.slice(first.next, at), name);
      return given && { ...given, end: line.next };
    }
    at = line.next;
  }
  return undefined;
}

type Given = Omit<FrontMatter, "end">;

const READERS: Readonly<Record<Language, (text: string, name: string) => Given | undefined>> = {
  yaml: (text, name) => {
    // Whether a key comes twice is asked of every pair of keys otherwise; the last one stands.
    const document = parseDocument(text, { uniqueKeys: false, intAsBigInt: true });
    const [error] = document.errors;
    if (error) throw broken(name, "YAML", error);
    let value: unknown;
    try {
      value = document.toJS({ maxAliasCount: 100 });
    } catch (cause) {
      throw broken(name, "YAML", cause);
    }
    if (value === null || value === undefined) return { metadata: {} };
    if (typeof value !== "object" || Array.isArray(value)) return undefined;
    const title = document.get("title", true);
    return given(
      value,
      isScalar(title) ? titleOf(title.value) && (title.source ?? titleOf(title.value)) : undefined,
    );
  },
  toml: (text, name) => {
    try {
      const value = parseToml(text, { integersAsBigInt: "asNeeded" });
      return given(value, titleOf(value.title));
    } catch (cause) {
      throw broken(name, "TOML", cause);
    }
  },
  json: (text, name) => {
    let value: unknown;
    try {
      value = parseJson(text);
    } catch (cause) {
      throw broken(name, "JSON", cause);
    }
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    return given(value, "title" in value ? titleOf(value.title) : undefined);
  },
};

/** Front matter that is an object of JSON by itself, as Hugo reads it: it ends with the line that closes it. */
function jsonObject(text: string): FrontMatter | undefined {
  const end = /^\}[ \t]*\r?$/m.exec(text);
  if (!end) return undefined;
  const after = end.index + end[0].length;
  try {
    const value: unknown = parseJson(text.slice(0, after));
    if (typeof value !== "object" || value === null) return undefined;
    return { ...given(value, "title" in value ? titleOf(value.title) : undefined), end: after };
  } catch {
    // A text that begins with a brace.
    return undefined;
  }
}

function given(value: object, title: string | undefined): Given {
  const shown = title?.trim();
  return { metadata: asJson(value), ...(shown && { title: shown }) };
}

/** Metadata is JSON, and these languages know values that it does not: NaN, dates, whole numbers beyond 2^53. */
function asJson(value: object): Record<string, unknown> {
  const text = JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "bigint" ? ofBigInt(inner) : inner,
  );
  return JSON.parse(text) as Record<string, unknown>;
}

function titleOf(value: unknown): string | undefined {
  if (value instanceof Date) return value.toISOString();
  return ["string", "number", "bigint", "boolean"].includes(typeof value) ? String(value) : undefined;
}

function lineAt(text: string, at: number): { readonly text: string; readonly next: number } {
  const end = text.indexOf("\n", at);
  return end < 0 ? { text: text.slice(at), next: text.length } : { text: text.slice(at, end), next: end + 1 };
}

function broken(name: string, language: string, cause: unknown): SourceError {
  const reason = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
  return new SourceError("BAD_FRONT_MATTER", `${name}: its front matter is not ${language} (${reason}).`, {
    cause,
  });
}
