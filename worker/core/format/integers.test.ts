import fc from "fast-check";
import { expect, test } from "vitest";
import { isRounded, parseJson } from "./integers.ts";

/** Reads by a reviver that sees the text of each value: the same, slower. */
function parseByReviver(text: string): unknown {
  const revive = (_: string, value: unknown, context?: { readonly source?: string }) =>
    typeof value === "number" && isRounded(context?.source ?? "", value) ? context?.source : value;
  return JSON.parse(text, revive);
}

test("whole numbers beyond 2^53 become text with all their digits, and nothing else changes", () => {
  const kept =
    '{"a":12345678901234567890,"b":[-98765432109876543210,9007199254740991,1.12345678901234567890],';
  const rest =
    '"1234567890123456789":"x 12345678901234567890 \\\\\\" 98765432109876543210","c":1E+0000000000000000002}';
  expect(parseJson(kept + rest)).toEqual({
    a: "12345678901234567890",
    b: ["-98765432109876543210", 9007199254740991, 1.1234567890123457],
    "1234567890123456789": 'x 12345678901234567890 \\" 98765432109876543210',
    c: 100,
  });
  // Quotes would make a name of it.
  expect(() => parseJson("{12345678901234567890:1}")).toThrow(SyntaxError);
});

test("any JSON is parsed as by a reviver that sees the text of each value", () => {
  const digits = fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }).map(String);
  const text = fc.oneof(
    fc.string(),
    digits,
    fc.constantFrom('"', "\\", '\\"', "1e", ": 1234567890123456789"),
  );
  const leaf = fc.oneof(
    digits,
    text.map((one) => JSON.stringify(one)),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  );
  const list = fc.array(leaf, { maxLength: 8 }).map((leaves) => `[${leaves.join(" , ")}]`);
  // V8 of Node 26 reads the name `"` as one of an object before it that ends in a backslash at its place.
  const name = text.filter((one) => !one.endsWith("\\"));
  const object = fc
    .array(fc.tuple(name, leaf), { maxLength: 8 })
    .map((pairs) => `{${pairs.map(([name, one]) => `${JSON.stringify(name)}:${one}`).join(",")}}`);
  fc.assert(
    fc.property(fc.oneof(leaf, list, object), (json) => {
      expect(parseJson(json)).toEqual(parseByReviver(json));
    }),
  );
});
