import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Document } from "@langchain/core/documents";
import { SyntheticEmbeddings } from "@langchain/core/utils/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { readManifest } from "../../build/artifact/folder.ts";
import { versions } from "../../build/index.ts";
import { AnnoyVectorStore } from "../../build/langchain/index.ts";

/** The tests of LangChain's standard suite that add and delete, on a store that is opened for it. */

const embeddings = new SyntheticEmbeddings({ vectorSize: 6 });
const document = (pageContent: string, id: number) => new Document({ pageContent, metadata: { id } });
const named = () => [document("foo", 1), document("bar", 2)];

let folder: string;
let made = 0;
let store: AnnoyVectorStore;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "writable-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
beforeEach(async () => {
  const config = { directory: join(folder, String(made++)), writable: true };
  store = await AnnoyVectorStore.fromDocuments([document("begin", 0)], embeddings, config);
  return () => store.close();
});
const texts = async (k = 10) =>
  (await store.similaritySearch("foo", k)).map(({ pageContent }) => pageContent).sort();

describe("a writable store", () => {
  it("test_add_documents: gives the ids, and finds what was added", async () => {
    const ids = await store.addDocuments(named());
    expect(new Set(ids).size).toBe(2);
    expect(await texts()).toEqual(["bar", "begin", "foo"]);
    expect((await store.getByIds(ids)).map(({ pageContent }) => pageContent)).toEqual(["foo", "bar"]);
    expect((await store.similaritySearch("foo", 1))[0]).toMatchObject({ pageContent: "foo", id: ids[0] });
  });

  it("test_add_documents_with_ids_is_idempotent", async () => {
    expect(await store.addDocuments(named(), { ids: ["1", "2"] })).toEqual(["1", "2"]);
    await store.addDocuments(named(), { ids: ["1", "2"] });
    expect(await texts()).toEqual(["bar", "begin", "foo"]);
  });

  it("test_add_documents_by_id_with_mutation", async () => {
    await store.addDocuments(named(), { ids: ["1", "2"] });
    await store.addDocuments([document("new foo", 1), document("foobar", 3)], { ids: ["1", "3"] });
    expect(await texts()).toEqual(["bar", "begin", "foobar", "new foo"]);
    expect(await store.getByIds(["1"])).toMatchObject([{ id: "1", pageContent: "new foo" }]);
  });

  it("test_deleting_documents, in bulk, and what is not there", async () => {
    await store.addDocuments(named(), { ids: ["1", "2"] });
    await store.delete({ ids: ["1", "nobody"] });
    await store.delete({ ids: ["7", "8"] });
    expect(await texts()).toEqual(["bar", "begin"]);
    expect(store.indexToDocstoreId.filter((id) => id !== undefined)).toHaveLength(2);
  });

  it("removes a document once, whoever asks for it at once", async () => {
    await store.addDocuments(named(), { ids: ["1", "2"] });
    await Promise.all([store.delete({ ids: ["1"] }), store.delete({ ids: ["1", "2"] })]);
    expect(await texts()).toEqual(["begin"]);
  });

  it("keeps changes that are asked for at once, and what it saves holds them", async () => {
    const first = store.addDocuments([document("one", 1)], { ids: ["1"] });
    await Promise.all([first, store.addDocuments([document("two", 2)], { ids: ["2"] })]);
    const saved = join(folder, "saved");
    await store.save(saved);
    const again = await AnnoyVectorStore.load(saved, embeddings);
    try {
      expect(await again.getByIds(["1", "2"])).toHaveLength(2);
      await expect(again.delete({ ids: ["1"] })).rejects.toMatchObject({ code: "READ_ONLY" });
    } finally {
      await again.close();
    }
  });

  it("publishes each change to R2 and KV", async () => {
    const [root, directory] = [join(folder, "project"), join(folder, "project", "artifact")];
    await mkdir(root);
    const bindings = `[[r2_buckets]]
binding = "INDEXES"
bucket_name = "bucket"
[[kv_namespaces]]
binding = "DOCUMENTS"
id = "namespace"`;
    await writeFile(join(root, "wrangler.toml"), `name = "w"\n${bindings}\n`);
    const config = { directory, publish: { root } };
    const published = await AnnoyVectorStore.fromDocuments(named(), embeddings, config);
    try {
      await published.addDocuments([document("new", 3)], { ids: ["new"] });
      const afterAdding = (await readManifest(directory)).version;
      await published.delete({ ids: ["new"] });
      const afterDeleting = (await readManifest(directory)).version;
      const { versions: listed } = await versions({ name: (await readManifest(directory)).name, root });
      expect(listed.map(({ version, state }) => [version, state])).toEqual(
        expect.arrayContaining([
          [afterDeleting, "current"],
          [afterAdding, "previous"],
        ]),
      );
    } finally {
      await published.close();
    }
  });

  it("refuses lists of other lengths", async () => {
    await expect(store.addVectors([[1, 2]], [])).rejects.toMatchObject({ code: "BAD_OPTION" });
    await expect(store.addDocuments(named(), { ids: ["1"] })).rejects.toMatchObject({ code: "BAD_OPTION" });
  });
});
