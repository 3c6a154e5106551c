import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { withoutMdx } from "./mdx-scan.ts";

/** Without the blanks that what was taken out leaves behind. */
const read = (text: string) =>
  withoutMdx(text)
    .replace(/[ \t]+/g, " ")
    .replace(/\n{2,}/g, "\n")
    .trim();

describe("withoutMdx", () => {
  it.each([
    ["an import", 'import X from "x";\nimport { Y } from "y"\n\nText', "Text"],
    ["an export over many lines", "export const meta = {\n  a: 1,\n\n  b: '}',\n};\n\nText", "Text"],
    ["an expression in a line", "Version {props.version} is out", "Version is out"],
    ["an expression over many lines", "a\n\n{list.map((x) => {\n  return <Item x={x} />;\n})}\n\nb", "a\nb"],
    ["a comment", "a {/* not for } readers */} b", "a b"],
    [
      "attributes of a component",
      '<Tabs items={["a", "b > c"]} on={() => go()}>In it</Tabs>',
      "<Tabs items= on=>In it</Tabs>",
    ],
    ["an expression with an apostrophe", "a {ok && <p>don't}</p>} b", "a </p>} b"],
  ])("takes out %s", (_, text, rest) => {
    expect(read(text)).toBe(rest);
  });

  it.each([
    [
      "code of many lines",
      '```js\nimport x from "x";\nexport const y = { z: 1 };\n```\nText {x}',
      '```js\nimport x from "x";\nexport const y = { z: 1 };\n```\nText',
    ],
    ["code in a line", "Write `{props.x}` and ``{`y`}`` here", "Write `{props.x}` and ``{`y`}`` here"],
    ["a backtick that nothing closes, and what is behind it", "a ` b\n\n{gone} `c`", "a ` b\n `c`"],
    ["braces that are escaped", "a \\{b} c", "a \\{b} c"],
    ["braces that nothing closes", "a {b c", "a {b c"],
    ["a heading's own anchor", "## Title {#own}", "## Title {#own}"],
    ["a text that begins with import", "We\nimport goods\nfrom abroad", "We\nimport goods\nfrom abroad"],
  ])("leaves %s", (_, text, rest) => {
    expect(read(text)).toBe(rest);
  });

  it("reads an expression that is a text", () => {
    const text = `one{' '}two {"three"} {\`four\`} {\`\${five}\`}`;
    expect(withoutMdx(text)).toBe("one two three four ");
  });

  test("ends with any text, in time that grows with it, and leaves plain text as it is", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."{}`'\"\\/*\n aé~#import") }), (text) => {
        expect(withoutMdx(text).length).toBeLessThanOrEqual(text.length);
        const plain = text.replace(/[{}`\\~]|^(?:import|export)/gm, "");
        expect(withoutMdx(`x${plain}`)).toBe(`x${plain}`);
      }),
    );
    expect(withoutMdx("{".repeat(5_000)).length).toBe(5_000);
  });
});
