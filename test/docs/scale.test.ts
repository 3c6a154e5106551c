import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { scaleTables } from "./scale-tables.ts";

const PATH = new URL("../../docs/scale.md", import.meta.url).pathname;
const BLOCK = /(<!-- table: ([\w-]+) -->\n)[\s\S]*?(<!-- \/table -->)/g;

test("docs/scale.md says what plan computes; `vitest run test/docs/scale -u` writes its tables anew", async () => {
  const text = readFileSync(PATH, "utf8");
  const tables = scaleTables();
  const names = Array.from(text.matchAll(BLOCK), ([, , name]) => name);
  expect(names.sort()).toEqual(Object.keys(tables).sort());
  const written = text.replace(BLOCK, (_, open: string, name: string, close: string) => {
    return `${open}\n${tables[name]}\n\n${close}`;
  });
  await expect(written).toMatchFileSnapshot(PATH);
});
