import type { Json, OpenApiDocument, Operation, Parameter } from "../openapi/types.ts";
import { PROBLEM_KINDS } from "../problems.ts";
import { STYLE } from "./style.ts";

export interface Page {
  readonly html: string;
  /** The Content-Security-Policy that the page works under. */
  readonly policy: string;
}

/** The reference page: the OpenAPI document as one page of plain HTML, without scripts and without other origins. */
export async function referencePage(document: OpenApiDocument): Promise<Page> {
  const { info, paths, components } = document;
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${info.title} · HTTP API</title>
<style>${{ html: STYLE }}</style>
</head>
<body>
<h1>${info.title} HTTP API</h1>
<p>${info.description}</p>
<nav aria-label="On this page">
<a href="#operations">Operations</a> <a href="#schemas">Schemas</a> <a href="#problems">Problems</a>
<a href="openapi.json">openapi.json</a>
</nav>
<form action="/v1/search" method="get" role="search">
<input name="q" placeholder="Search the index by meaning" aria-label="Text to search for" required>
<button>Search</button>
</form>
<pre>${EXAMPLE}</pre>
<h2 id="operations">Operations</h2>
${operations.map(({ path, method, operation }) => operationSection(path, method, operation))}
<h2 id="schemas">Schemas</h2>
${Object.entries(components.schemas).map(([name, schema]) => schemaSection(name, schema))}
<h2 id="problems">Problems</h2>
<p>Every error is a problem (RFC 9457) of type <code>application/problem+json</code>. Its <code>code</code> is stable.</p>
<div class="wide"><table>
${Object.entries(PROBLEM_KINDS).map(
  ([code, [status, title]]) =>
    html`<tr id="${code}"><td><code>${code}</code></td><td>${status}</td><td>${title}.</td></tr>`,
)}
</table></div>
</body>
</html>`;
  return {
    html: page.html,
    policy: `default-src 'none'; style-src '${await hashOf(STYLE)}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
  };
}

const EXAMPLE = `curl https://<your worker>/v1/search \\
  -H 'content-type: application/json' \\
  -d '{"query": "a small dog", "k": 3}'`;

function operationSection(path: string, method: string, operation: Operation): Html {
  const { summary, description, operationId, parameters, requestBody, responses } = operation;
  return html`<section class="operation" id="${operationId}">
<h3><span class="method ${method}">${method.toUpperCase()}</span><code>${path}</code></h3>
<p>${prose(summary)}. ${prose(description)}</p>
${parameters && html`<h4>Parameters</h4><div class="wide"><table>${parameters.map(parameterRow)}</table></div>`}
${requestBody && html`<h4>Body</h4><p>${contentOf(requestBody)}</p>`}
<h4>Answers</h4>
<div class="wide"><table>
${Object.entries(responses).map(
  ([status, response]) =>
    html`<tr><td><code>${status}</code></td><td>${contentOf(response)}</td><td>${describe(response, status)}</td></tr>`,
)}
</table></div>
</section>
`;
}

function describe(response: Json, status: string): Html {
  const description = String(response.description ?? "");
  if (!/^[45]/.test(status)) return prose(description);
  const codes = description.split(", ");
  return html`${codes.map((code) => html`<a href="#${code}"><code>${code}</code></a> `)}`;
}

function parameterRow({ name, schema, description, required }: Parameter): Html {
  const need = required ? "required" : undefined;
  return html`<tr><td><code>${name}</code></td><td class="type">${typeOf(schema)} ${need}</td><td>${prose(description)}</td></tr>`;
}

function schemaSection(name: string, schema: Json): Html {
  const properties = objectOf(schema.properties);
  const required = new Set(Array.isArray(schema.required) ? schema.required : []);
  return html`<section class="schema" id="schema-${name}">
<h3><code>${name}</code></h3>
<p>${prose(textOf(schema.description))}</p>
<div class="wide"><table>${propertyRows(properties, required, "")}</table></div>
</section>
`;
}

/** A row a property; those of objects within, and of lists of objects, follow theirs with a dotted name. */
function propertyRows(properties: Json, required: ReadonlySet<unknown>, prefix: string): Html[] {
  return Object.entries(properties).flatMap(([name, value]) => {
    const property = objectOf(value);
    const row = html`<tr><td><code>${prefix}${name}</code></td><td class="type">${typeOf(property)} ${
      required.has(name) ? undefined : "optional"
    }</td><td>${prose(textOf(property.description))}</td></tr>`;
    const list = property.type === "array";
    const inner = list ? objectOf(property.items) : property;
    if (!inner.properties) return [row];
    const innerRequired = new Set(Array.isArray(inner.required) ? inner.required : []);
    return [
      row,
      ...propertyRows(objectOf(inner.properties), innerRequired, `${prefix}${name}${list ? "[]" : ""}.`),
    ];
  });
}

function contentOf(part: Json): Html {
  const [type, media] = Object.entries(objectOf(part.content))[0] ?? [];
  if (type === undefined) return html``;
  const name = String(objectOf(objectOf(media).schema).$ref ?? "").replace("#/components/schemas/", "");
  return html`<a href="#schema-${name}"><code>${name}</code></a>`;
}

/** A type in a few words: `integer 1..1000`, `string[]`, `"vector" | "keyword"`. */
function typeOf(schema: Json): string {
  if (typeof schema.$ref === "string") return schema.$ref.replace("#/components/schemas/", "");
  if (Array.isArray(schema.enum)) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  const options = schema.anyOf ?? schema.oneOf;
  if (Array.isArray(options)) return options.map((option) => typeOf(objectOf(option))).join(" | ");
  if (schema.type === "array") return `${typeOf(objectOf(schema.items))}[]`;
  const { minimum, maximum } = schema;
  // Bounds that only say "a safe integer" tell a reader nothing.
  const bounded = (n: unknown): n is number => typeof n === "number" && Math.abs(n) < 2 ** 31 - 1;
  const range =
    bounded(minimum) || bounded(maximum)
      ? ` ${bounded(minimum) ? minimum : ""}..${bounded(maximum) ? maximum : ""}`
      : "";
  return `${String(schema.type ?? "any")}${range}`;
}

function objectOf(value: unknown): Json {
  // Parts of a document that this project made itself; anything else counts as empty.
  return typeof value === "object" && value !== null ? (value as Json) : {};
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

async function hashOf(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return `sha256-${btoa(String.fromCharCode(...new Uint8Array(digest)))}`;
}

/** A piece of HTML, as opposed to text that has yet to be escaped. */
export interface Html {
  readonly html: string;
}

type Part = Html | string | number | undefined | readonly Html[];

/** Markup with values put in: text is escaped, pieces of HTML and lists of them are not, undefined is nothing. */
export function html(strings: TemplateStringsArray, ...parts: Part[]): Html {
  let out = strings[0] ?? "";
  for (const [i, part] of parts.entries()) out += render(part) + (strings[i + 1] ?? "");
  return { html: out };
}

function render(part: Part): string {
  if (part === undefined) return "";
  if (typeof part === "string" || typeof part === "number") return escapeText(String(part));
  if ("html" in part) return part.html;
  return part.map((piece) => piece.html).join("");
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}

/** Text with its `code` spans marked up. */
export function prose(text: string | undefined): Html {
  const pieces = (text ?? "").split("`");
  return html`${pieces.map((piece, i) => (i % 2 === 1 ? html`<code>${piece}</code>` : html`${piece}`))}`;
}
