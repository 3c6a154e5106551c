import { exports } from "cloudflare:workers";
import { type Schema, Validator } from "@cfworker/json-schema";
import { expect } from "vitest";

/** The parts of a JSON Schema that tests read themselves. */
export interface JsonSchema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
}

interface Answer {
  readonly description: string;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly content?: Readonly<Record<string, { readonly schema: JsonSchema }>>;
}

interface Operation {
  readonly parameters?: readonly { readonly name: string }[];
  readonly responses: Readonly<Record<string, Answer>>;
}

interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, JsonSchema>>;
    readonly headers: Readonly<Record<string, { readonly required: boolean }>>;
  };
}

export const ORIGIN = "https://edge.test";

let document: Promise<OpenApi> | undefined;

/** The contract as the Worker itself serves it. */
export function openApi(): Promise<OpenApi> {
  document ??= send("/openapi.json").then((response) => response.json());
  return document;
}

/** One request of the running Worker. */
export function send(path: string, init?: RequestInit): Promise<Response> {
  return exports.default.fetch(new Request(`${ORIGIN}${path}`, init));
}

/** `POST /v1/search` with a JSON body. */
export function postSearch(body: unknown): Promise<Response> {
  return send("/v1/search", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

/**
 * Holds an answer against the contract: its status is listed for the operation, the headers listed are there, its media type is the listed one, its
 * body has the shape that the schema says, and the code of a problem is among those of its status.
 *
 * @returns the body, for more to be asked of it
 */
export async function expectContract(response: Response, path: string, method = "get"): Promise<unknown> {
  const { paths, components } = await openApi();
  const listed = paths[path]?.[method]?.responses[String(response.status)];
  const text = await response.text();
  expect(listed, `${method} ${path} lists no status ${response.status}: ${text.slice(0, 500)}`).toBeDefined();
  for (const name of Object.keys(listed?.headers ?? {})) {
    if (components.headers[name]?.required) expect(response.headers.has(name), `${path} ${name}`).toBe(true);
  }
  const [type, media] = Object.entries(listed?.content ?? {})[0] ?? [];
  if (type === undefined || media === undefined) {
    expect(text).toBe("");
    return undefined;
  }
  expect(response.headers.get("content-type")?.split(";")[0]).toBe(type);
  const body: unknown = JSON.parse(text);
  // JsonSchema names only what the tests read; to the validator it is any schema.
  const schema: unknown = { ...media.schema, components };
  const result = new Validator(schema as Schema, "2020-12", false).validate(body);
  expect(result.errors, text.slice(0, 500)).toEqual([]);
  if (!response.ok) {
    expect(listed?.description.split(", "), `${method} ${path}`).toContain((body as ProblemBody).code);
  }
  return body;
}

export interface ProblemBody {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly code: string;
  readonly errors?: readonly { readonly field: string; readonly code: string }[];
}

/** Holds an answer against what every problem has in common, whether its path is in the contract or not. */
export async function expectProblem(response: Response, status: number, code: string): Promise<ProblemBody> {
  const text = await response.text();
  expect(response.status, text).toBe(status);
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  const problem = JSON.parse(text) as ProblemBody;
  expect(problem).toMatchObject({ type: `/docs#${code}`, status, code });
  expect(problem.title).toMatch(/\w/);
  expect(problem.detail).toMatch(/\w.*\.$/s);
  expect(problem.instance).toMatch(/^\//);
  return problem;
}
