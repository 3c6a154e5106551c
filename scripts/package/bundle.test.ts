import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { bundleElement, ELEMENT_FILE } from "./bundle.ts";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const served = readFileSync(join(ROOT, ELEMENT_FILE), "utf8");

test("the element that is served is what its sources make (else: npm run build:element)", async () => {
  expect(served).toBe(await bundleElement(ROOT));
});

test("the element takes less than 12 kB compressed", () => {
  expect(gzipSync(served).byteLength).toBeLessThan(12_000);
});

test("the element brings no markup to life and evaluates nothing", () => {
  expect(served).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function/);
});
