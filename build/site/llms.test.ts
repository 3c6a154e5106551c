import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { build } from "../index.ts";
import { readSite } from "./read.ts";

let site: string;
beforeAll(async () => {
  site = await mkdtemp(join(tmpdir(), "annoy-edge-llms-"));
  await mkdir(join(site, "first-steps"));
  await writeFile(
    join(site, "index.html"),
    '<title>Docs</title><meta name="description" content="All\nabout it"><main><h1>Docs</h1><p>Welcome.</p></main>',
  );
  await writeFile(
    join(site, "first-steps/a.html"),
    '<main><h1>List[T] at once</h1><p>Begin.</p><h2 id="x">More</h2><pre>\n\na  b</pre></main>',
  );
  await writeFile(
    join(site, "z(b`<c.html"),
    "<main><h1>A `b` <i>c</i> &lt;d></h1><p>#5 is one, # none.</p><p># none</p><p>&lt;!-- none</p><div>~~~</div>" +
      '<div>===</div><pre>\n````md\n```sh\n# code\n\n```\n````</pre><h2 id="y">More</h2><p><code>x</code></p>' +
      "<pre><code><div># one</div><div>two</div></code></pre><pre>``</pre>End.</main>",
  );
  await writeFile(join(site, "secret.html"), '<meta name="robots" content="noindex"><main>hidden</main>');
});
afterAll(() => rm(site, { recursive: true, force: true }));

test("titles, addresses and texts of the pages are written beside them", async () => {
  for await (const _ of readSite(site, { baseUrl: "https://example.com/d", llms: true }));
  const read = (name: string) => readFile(join(site, name), "utf8");
  expect(await read("llms.txt")).toBe(
    "# Docs\n\n> All about it\n\n## First steps\n\n- [List\\[T\\] at once](https://example.com/d/first-steps/a.html)\n\n" +
      "## Pages\n\n- [Docs](https://example.com/d/): All about it\n" +
      "- [A \\`b\\` c \\<d>](https://example.com/d/z%28b%60%3Cc.html)\n",
  );
  expect(await read("llms-full.txt")).toBe(
    "# Docs\n\n> All about it\n\n# List[T] at once\n\nSource: https://example.com/d/first-steps/a.html\n\nBegin.\n\n" +
      "## More\n\n```\na  b\n```\n\n# Docs\n\nSource: https://example.com/d/\n\nWelcome.\n\n" +
      "# A `b` c <d>\n\nSource: https://example.com/d/z(b%60%3Cc.html\n\n#5 is one, # none.\n\n\\# none\n\n\\<!-- none\n\n\\~~~\n\\===\n\n" +
      "`````\n````md\n```sh\n# code\n\n```\n````\n`````\n\n## More\n\nx\n\n```\n# one\ntwo\n```\n\n```\n``\n```\n\nEnd.\n",
  );
});

test("a sitemap has no folder to write into", async () => {
  const options = { site: "https://example.com/sitemap.xml", llms: true, out: join(site, "out") };
  await expect(build(options)).rejects.toThrow("give the folder as site");
});
