import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { AWKWARD_IDS } from "../seed/corpus.ts";
import { expectContract, type JsonSchema, openApi, send } from "./contract.ts";
import { seed } from "./seed.ts";

/**
 * Requests made from the schemas that the Worker itself serves: valid ones, ones with a fault put in, and noise. Every
 * answer must be one that the contract lists, in the shape that it says, and none may be a 5xx. The seed is fixed, so a
 * failure comes back; the number of runs is small, so that it stays a test. For a longer run raise RUNS.
 */
const RUNS = 150;
const SEED = 20_260_101;

beforeAll(seed);

const WORDS = [
  "dog",
  "the cat",
  "orchestra",
  "-dog",
  '"my car"',
  "☃",
  "a".repeat(300),
  "' OR 1=1",
  "\u0000",
  "\ud800",
];
const FIELDS = ["topic", "year", "long", "tags", "colour", "__proto__", ""];

const scalar = fc.oneof(
  fc.constantFrom<unknown>("food", "n3", "2020-01-01", 2020, true, null),
  fc.double(),
  fc.string(),
);
const filter: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  filter: fc.oneof(
    { maxDepth: 4 },
    fc.dictionary(
      fc.constantFrom(...FIELDS),
      fc.oneof(
        scalar,
        fc.array(scalar, { maxLength: 4 }),
        fc.dictionary(
          fc.constantFrom("eq", "ne", "in", "nin", "lt", "lte", "gt", "gte", "exists", "$gte", "near"),
          fc.oneof(scalar, fc.array(scalar, { maxLength: 3 })),
          { maxKeys: 2 },
        ),
      ),
      { maxKeys: 3 },
    ),
    fc.record({ and: fc.array(tie("filter"), { maxLength: 3 }) }),
    fc.record({ or: fc.array(tie("filter"), { maxLength: 3 }) }),
    fc.record({ not: tie("filter") }),
  ),
})).filter;

const fields = fc.array(fc.constantFrom(...FIELDS), { maxLength: 4 });

const sensibleFilter = fc.oneof(
  fc.record({ topic: fc.constantFrom("food", "music", "nothing") }),
  fc.record({ year: fc.record({ gte: fc.integer({ min: 2018, max: 2024 }) }) }),
  fc.record({ not: fc.record({ tags: fc.constantFrom("n1", "n2") }), long: fc.boolean() }),
);

/** Fields that much else is refused beside, with values that can be answered. */
const RARELY: Readonly<Record<string, readonly unknown[]>> = {
  sort: ["year", "year:desc", { field: "topic", order: "asc" }, ["topic", "year:desc"]],
  groupBy: ["topic", { field: "year", hits: 3 }],
  rerank: [true, { first: 5 }],
};

/** Values that a schema allows, by and large: numbers at and around their bounds, texts of many kinds. */
function valuesOf(schema: JsonSchema, name = ""): fc.Arbitrary<unknown> {
  if (name === "filter") return fc.oneof({ weight: 2, arbitrary: sensibleFilter }, filter);
  if (name === "facets")
    return fc.oneof({ weight: 3, arbitrary: fc.subarray(["topic", "year", "tags"]) }, fields);
  if (name === "id") return fc.constantFrom("food-0", "nobody", ...AWKWARD_IDS);
  if (RARELY[name]) {
    const some = fc.oneof({ weight: 2, arbitrary: fc.constantFrom(...RARELY[name]) }, fc.jsonValue());
    return fc.oneof({ weight: 9, arbitrary: fc.constant(undefined) }, some);
  }
  // Refused beside anything but a hybrid search, so few searches have them.
  if (name === "weights") {
    const share = fc.constantFrom(0, 0.3, 1, 1.5, "half");
    const given = fc.record({ keyword: share, vector: share }, { requiredKeys: [] });
    return fc.oneof({ weight: 6, arbitrary: fc.constant(undefined) }, given);
  }
  // Most searches name no other index: with some, items, ids and mmr are refused.
  if (name === "indexes") {
    const named = fc.constantFrom(["demo"], ["demo", "nobody"], []);
    return fc.oneof({ weight: 9, arbitrary: fc.constant(undefined) }, named);
  }
  if (name === "vector") {
    const component = fc.oneof(
      fc.double({ min: -10, max: 10, noNaN: true }),
      fc.constantFrom(0, -0, 1e15, 1e16, 5e-324),
    );
    return fc.oneof(
      { weight: 4, arbitrary: fc.array(component, { minLength: 256, maxLength: 256 }) },
      fc.array(component, { maxLength: 5 }),
    );
  }
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (schema.type === "integer" || schema.type === "number") {
    const { minimum = -10, maximum = 1e6 } = schema;
    const bounds = [minimum, minimum + 1, maximum, maximum - 1, minimum - 1, maximum + 1, 0, 5, 36, 37];
    const inside =
      schema.type === "integer"
        ? fc.integer({ min: minimum, max: Math.min(maximum, minimum + 50) })
        : fc.double({ min: minimum, max: maximum, noNaN: true });
    return fc.oneof({ weight: 12, arbitrary: inside }, fc.constantFrom(...bounds));
  }
  if (schema.type === "string") return fc.oneof(fc.constantFrom(...WORDS), fc.string({ unit: "grapheme" }));
  if (schema.type === "boolean") return fc.boolean();
  if (schema.type === "array") return fc.array(valuesOf(schema.items ?? {}), { maxLength: 4 });
  if (schema.properties) return objectsOf(schema);
  return fc.jsonValue();
}

function objectsOf(schema: JsonSchema): fc.Arbitrary<Record<string, unknown>> {
  const entries = Object.entries(schema.properties ?? {}).map(([name, property]) => [
    name,
    valuesOf(property, name),
  ]);
  return fc.record(Object.fromEntries(entries), { requiredKeys: [] });
}

/** Mostly one kind of query, as a sensible caller gives; the other fields as they come. */
function searchesOf(schema: JsonSchema): fc.Arbitrary<Record<string, unknown>> {
  const properties = schema.properties ?? {};
  const kinds = ["query", "vector", "item", "id"];
  const rest = Object.fromEntries(Object.entries(properties).filter(([name]) => !kinds.includes(name)));
  const query = fc.oneof(
    ...kinds.map((kind) => valuesOf(properties[kind] ?? {}, kind).map((value) => ({ [kind]: value }))),
  );
  return fc.tuple(query, objectsOf({ properties: rest })).map(([one, others]) => ({ ...others, ...one }));
}

/** The value with one fault: something else in a place, a place more, a place less. */
function faulty(values: fc.Arbitrary<Record<string, unknown>>): fc.Arbitrary<unknown> {
  const wrong = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.constantFrom<unknown>(null, [], {}, "", -1, 1e308, "9".repeat(99)),
  );
  return fc
    .tuple(values, fc.nat(), wrong, fc.constantFrom("replace", "add", "remove", "whole"), fc.string())
    .map(([value, position, other, how, name]) => {
      const keys = Object.keys(value);
      const key = keys[position % Math.max(1, keys.length)] ?? "k";
      if (how === "whole") return other;
      if (how === "add") return { ...value, [name]: other };
      const { [key]: _, ...without } = value;
      return how === "remove" ? without : { ...value, [key]: other };
    });
}

async function check(path: string, method: string, response: Response): Promise<void> {
  expect(response.status).toBeLessThan(500);
  await expectContract(response, path, method);
}

function post(path: string, body: string): Promise<Response> {
  return send(path, { method: "POST", headers: { "content-type": "application/json" }, body });
}

const settings = { numRuns: RUNS, seed: SEED };

describe("whatever is asked, the answer is in the contract and is no 5xx", () => {
  test.each([
    ["/v1/search", "SearchRequest"],
    ["/v1/search/batch", "BatchRequest"],
  ])("POST %s, valid and faulty", async (path, name) => {
    const { components } = await openApi();
    const search = searchesOf(components.schemas.SearchRequest ?? {});
    const valid =
      name === "SearchRequest" ? search : fc.record({ searches: fc.array(search, { maxLength: 2 }) });
    let answered = 0;
    const body = fc.oneof({ weight: 2, arbitrary: valid }, faulty(valid));
    await fc.assert(
      fc.asyncProperty(body, async (value) => {
        const response = await post(path, JSON.stringify(value));
        if (response.status === 200) answered++;
        await check(path, "post", response);
      }),
      settings,
    );
    // Requests that are all refused would prove nothing about answers.
    expect(answered).toBeGreaterThan(RUNS / 10);
  });

  test("POST /v1/search with bytes that are no request", async () => {
    const bodies = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.json(),
      fc.json().map((text) => text.slice(0, -1)),
    );
    await fc.assert(
      fc.asyncProperty(bodies, async (body) => check("/v1/search", "post", await post("/v1/search", body))),
      settings,
    );
  });

  test("GET /v1/search with any parameters", async () => {
    const { paths } = await openApi();
    const names = (paths["/v1/search"]?.get?.parameters ?? []).map((parameter) => parameter.name);
    const value = fc.oneof(
      fc.constantFrom("1", "0", "-1", "1e9", "food-0", "document,vector", "0.5", ...WORDS),
      fc.string(),
    );
    const name = fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom(...names) },
      fc.constantFrom("filter[topic]", "filter[year][gte]", "filter[tags][in]", "filter[", "constructor"),
      fc.string(),
    );
    const queries = fc.tuple(
      fc.constantFrom<string[][]>([["q", "dog"]], [["item", "3"]], [["id", "food-0"]], []),
      fc.uniqueArray(fc.tuple(name, value), { maxLength: 4, selector: ([key]) => key }),
    );
    await fc.assert(
      fc.asyncProperty(queries, async ([one, others]) => {
        const query = new URLSearchParams([...one, ...others]);
        await check("/v1/search", "get", await send(`/v1/search?${query}`));
      }),
      settings,
    );
  });

  test("GET of items, documents and distances with any path", async () => {
    const part = fc.oneof(
      fc.integer({ min: -2, max: 40 }).map(String),
      fc.constantFrom(...AWKWARD_IDS, "food-0", "%00", "1e3", "٣"),
      fc.string({ unit: "grapheme", minLength: 1 }),
    );
    await fc.assert(
      fc.asyncProperty(part, part, fc.constantFrom("document", "item", "distance"), async (a, b, kind) => {
        const [x, y] = [a, b].map((text) => encodeURIComponent(text.toWellFormed()));
        // A dot segment is gone before the request is sent.
        if (/^\.{1,2}$/.test(a) || /^\.{1,2}$/.test(b)) return;
        if (kind === "document") await check("/v1/documents/{id}", "get", await send(`/v1/documents/${x}`));
        else if (kind === "item") await check("/v1/items/{item}", "get", await send(`/v1/items/${x}`));
        else await check("/v1/items/{i}/distance/{j}", "get", await send(`/v1/items/${x}/distance/${y}`));
      }),
      settings,
    );
  });
});
