import { execFileSync, spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { refused } from "../../../test/support/refused.ts";
import { AnnoyIndex } from "../../annoy/annoy-index.ts";
import { openLocalIndex } from "../../local/local-index.ts";
import { exportLangchain, importLangchain } from "./index.ts";
import { readPickle } from "./pickle-read.ts";
import { readStore } from "./store.ts";

const FIXTURES = fileURLToPath(new URL("../../../test/fixtures/langchain-folder", import.meta.url));
const DOT = fileURLToPath(new URL("../../../test/fixtures/annoy/dot-1.17.3/main.ann", import.meta.url));

interface Expected {
  f: number;
  metric: "angular" | "dot";
  index_to_docstore_id: Record<string, string>;
}
interface PyDocument {
  page_content: string;
  metadata: Record<string, unknown>;
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "langchain-folder-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function json<T>(path: string): T {
  return JSON.parse(readFileSync(join(FIXTURES, path), "utf8")) as T;
}

describe("import", () => {
  test.each(["core-pydantic2", "core-pydantic1", "legacy"])(
    "%s: documents, ids and index",
    async (generation) => {
      const out = join(folder, generation);
      await importLangchain(join(FIXTURES, generation), { out });
      const documents = json<PyDocument[]>("small.documents.json");
      const expected = json<Expected>("small.expected.json");
      const index = await openLocalIndex(out);
      const items = Object.keys(expected.index_to_docstore_id).map(Number);
      expect(index.forest).toMatchObject({
        metric: expected.metric,
        dimensions: expected.f,
        nItems: items.length,
      });
      const stored = await index.docstore.getItems(items);
      for (const item of items) {
        expect(stored[item]).toEqual({
          id: expected.index_to_docstore_id[item],
          pageContent: documents[item]!.page_content,
          metadata: documents[item]!.metadata,
        });
      }
      const annoy = new AnnoyIndex(expected.f, expected.metric);
      annoy.load(join(FIXTURES, generation, "index.annoy"));
      const query = Float32Array.from(annoy.getItemVector(3));
      const [foundItems, distances] = annoy.getNnsByVector(query, 7, -1, true);
      expect(index.forest.search(query, { k: 7 })).toMatchObject({ items: foundItems, distances });
      await index.close();
    },
  );

  test("a thousand documents with nested metadata and unicode", async () => {
    const source = join(folder, "dot-source");
    mkdirSync(source);
    copyFileSync(join(FIXTURES, "dot-1000/index.pkl"), join(source, "index.pkl"));
    copyFileSync(DOT, join(source, "index.annoy"));
    const out = join(folder, "dot");
    const { manifest } = await importLangchain(source, { out });
    expect(manifest).toMatchObject({ metric: "dot", dimensions: 32, items: 1000 });
    const expected = json<{ documents: Record<string, PyDocument & { id: string }> }>(
      "dot-1000/expected.json",
    );
    const index = await openLocalIndex(out);
    for (const [item, { id, page_content, metadata }] of Object.entries(expected.documents)) {
      const [stored] = await index.docstore.getItems([Number(item)]);
      expect(stored).toEqual({ id, pageContent: page_content, metadata });
    }
    await index.close();
  });

  test("an index without its pickle, and a pickle that does not know an item, are refused", async () => {
    const source = join(folder, "incomplete");
    mkdirSync(source);
    copyFileSync(DOT, join(source, "index.annoy"));
    const out = join(folder, "never");
    expect(await refused(importLangchain(source, { out }))).toMatchObject({ code: "CANNOT_READ" });
    copyFileSync(join(FIXTURES, "legacy/index.pkl"), join(source, "index.pkl"));
    expect(await refused(importLangchain(source, { out }))).toMatchObject({ code: "ANNOY_WRONG_LAYOUT" });
    expect(existsSync(out)).toBe(false);
  });
});

describe("hostile pickles", () => {
  const hostile = (name: string) => readFileSync(join(FIXTURES, "hostile", name));
  const code = (bytes: Uint8Array): string => {
    try {
      readStore(bytes, "index.pkl");
    } catch (error) {
      return `${(error as { code: string }).code}: ${(error as Error).message}`;
    }
    return "accepted";
  };

  test.each([
    ["reduce-os-system.pkl", /^PICKLE_REFUSED: .*posix\.system/],
    ["eval.pkl", /^PICKLE_REFUSED: .*builtins\.eval/],
    ["import-os.pkl", /^PICKLE_REFUSED: .*builtins\.__import__/],
    ["truncated.pkl", /^PICKLE_CORRUPT: .*ends too early/],
    ["not-a-pickle.pkl", /^PICKLE_CORRUPT/],
  ])("%s is refused and nothing runs", (name, message) => {
    expect(code(hostile(name))).toMatch(message);
    expect(existsSync("annoy-edge-was-here")).toBe(false);
  });

  test("two hundred thousand nested lists are refused", () => {
    const depth = 200_000;
    const bytes = Buffer.concat([
      Buffer.from([0x80, 4]),
      Buffer.alloc(depth, "]"),
      Buffer.alloc(depth - 1, "a"),
      Buffer.from("."),
    ]);
    expect(code(bytes)).toMatch(/^NOT_LANGCHAIN/);
  });

  /** A store whose only document has this metadata, in opcodes. */
  const withMetadata = (...metadata: (string | number[])[]) => {
    const name = (text: string) => [0x8c, text.length, ...Buffer.from(text)];
    const parts = [
      [0x80, 4],
      [...name("langchain_community.docstore.in_memory"), ...name("InMemoryDocstore"), 0x93, 0x29, 0x81],
      [0x7d, ...name("_dict"), 0x7d, ...name("id")],
      [...name("langchain_core.documents.base"), ...name("Document"), 0x93, 0x29, 0x81],
      [0x7d, ...name("__dict__"), 0x7d, ...name("page_content"), ...name("text"), 0x73],
      [...name("metadata")],
      ...metadata.map((part) => (typeof part === "string" ? [...Buffer.from(part)] : part)),
      [0x73, 0x73, 0x62],
      [0x73, 0x73, 0x62],
      [0x7d, 0x4b, 0, ...name("id"), 0x73],
      [0x7d, ...name("ANNOY"), 0x7d, ...name("f"), ...name("8"), 0x73],
      [...name("metric"), ...name("angular"), 0x73, 0x73],
      [0x87, 0x2e],
    ];
    return Buffer.from(parts.flat());
  };

  test("metadata that contains itself is refused", () => {
    const cycle = withMetadata("}", [0x94], "K\u0001h", [0], "s");
    expect(() => readStore(cycle, "index.pkl").document("id")).toThrow(/contains itself/);
  });

  test("metadata that doubles forty times is refused", () => {
    const doubling = [];
    for (let i = 0; i < 40; i++) doubling.push(0x94, 0x68, i, 0x86);
    const bomb = withMetadata("}K\u0001]", doubling, "s");
    expect(() => readStore(bomb, "index.pkl").document("id")).toThrow(/many times the file's size/);
  });

  test("a call of what getattr would return is refused by name", () => {
    const call = Buffer.from(
      "cbuiltins\ngetattr\n(cconfigparser\nConfigParser\n(tRS'read'\ntR(tR.",
      "latin1",
    );
    expect(code(call)).toMatch(/^PICKLE_REFUSED: .*getattr/);
  });

  test("no cut of a sound pickle is accepted or fails in another way", () => {
    const bytes = readFileSync(join(FIXTURES, "core-pydantic1/index.pkl"));
    for (let length = 0; length < bytes.length; length += 13) {
      expect(code(bytes.subarray(0, length))).toMatch(/^(PICKLE_CORRUPT|NOT_LANGCHAIN)/);
    }
  });
});

describe("opcodes", () => {
  test("texts, numbers and containers of protocol 0 are read", () => {
    const pickle =
      "(dp0\nVa\\u20ac\np1\n(lp2\nI7\naL123456789012345678901234567890L\naF1.5\naI01\naS'x\\x41'\naNas.";
    const value = readPickle(Buffer.from(pickle, "latin1"));
    expect(value).toEqual(new Map([["a€", [7, 123456789012345678901234567890n, 1.5, true, "xA", null]]]));
  });

  test("negative and long ints", () => {
    const bytes = (...codes: number[]) => readPickle(Uint8Array.from([0x80, 4, ...codes, 0x2e]));
    expect(bytes(0x8a, 1, 0xff)).toBe(-1);
    expect(bytes(0x8a, 0)).toBe(0);
    expect(bytes(0x8a, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1)).toBe(2n ** 64n);
    expect(bytes(0x4a, 0xfe, 0xff, 0xff, 0xff)).toBe(-2);
  });
});

const PYTHON = spawnSync("python3", ["--version"]).status === 0;
if (!PYTHON) console.warn("python3 is not installed: the tests against Python's own pickle are skipped.");

/** Stand-ins with the names of LangChain's classes; state as pydantic 2 restores it. */
const STAND_INS = `
import sys, types, json, pickle
def module(name):
    m = types.ModuleType(name); sys.modules[name] = m; return m
for n in ["langchain_community", "langchain_community.docstore", "langchain_core", "langchain_core.documents"]:
    module(n)
class InMemoryDocstore: pass
class Document:
    def __setstate__(self, state):
        assert set(state) == {"__dict__", "__pydantic_extra__", "__pydantic_fields_set__", "__pydantic_private__"}
        self.__dict__.update(state["__dict__"])
    def __getstate__(self):
        return {"__dict__": dict(self.__dict__), "__pydantic_extra__": None, "__pydantic_fields_set__": {"metadata"}, "__pydantic_private__": None}
InMemoryDocstore.__module__ = "langchain_community.docstore.in_memory"
Document.__module__ = "langchain_core.documents.base"
module("langchain_community.docstore.in_memory").InMemoryDocstore = InMemoryDocstore
module("langchain_core.documents.base").Document = Document
`;

describe.runIf(PYTHON)("with Python's pickle", () => {
  test("an exported folder is what Annoy.load_local reads", async () => {
    const artifact = join(folder, "to-export");
    await importLangchain(join(FIXTURES, "core-pydantic2"), { out: artifact });
    const out = join(folder, "exported");
    await exportLangchain(artifact, { out });
    const script = `${STAND_INS}
docstore, ids, config = pickle.load(open(sys.argv[1], "rb"))
import configparser
assert isinstance(config, configparser.ConfigParser)
print(json.dumps({"f": int(config["ANNOY"]["f"]), "metric": config["ANNOY"]["metric"], "sections": config.sections(),
  "index_to_docstore_id": ids, "documents": [{"page_content": docstore._dict[ids[i]].page_content, "metadata": docstore._dict[ids[i]].metadata} for i in sorted(ids)]}))
`;
    const said = JSON.parse(
      execFileSync("python3", ["-c", script, join(out, "index.pkl")], { encoding: "utf8" }),
    ) as Expected & { documents: PyDocument[]; sections: string[] };
    expect(said).toMatchObject(json<Expected>("small.expected.json"));
    expect(said.sections).toEqual(["ANNOY"]);
    expect(said.documents).toEqual(json("small.documents.json"));
    expect(
      readFileSync(join(out, "index.annoy")).equals(
        readFileSync(join(FIXTURES, "core-pydantic2", "index.annoy")),
      ),
    ).toBe(true);
    const again = join(folder, "again");
    await importLangchain(out, { out: again });
    for (const file of ["forest.bin", "documents.jsonl"]) {
      expect(readFileSync(join(again, file)).equals(readFileSync(join(artifact, file)))).toBe(true);
    }
  });

  test.each([0, 1, 2, 3, 4, 5])("protocol %i: dates, big ints, bytes and odd texts survive", (protocol) => {
    const path = join(folder, `protocol-${protocol}.pkl`);
    const script = `${STAND_INS}
import configparser, datetime, decimal, uuid, pathlib, collections, math
config = configparser.ConfigParser()
config["ANNOY"] = {"f": 8, "metric": "angular"}
d = Document()
zone = datetime.timezone(datetime.timedelta(hours=2, minutes=30))
d.__dict__.update({"page_content": "naïve \\u4e1c \\U0001f642 \\ud800 \\n\\\\u0041", "metadata": {
  "when": datetime.datetime(2024, 2, 29, 12, 30, 5, 120), "zoned": datetime.datetime(2024, 1, 1, tzinfo=zone),
  "utc": datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc), "day": datetime.date(1999, 12, 31), "time": datetime.time(1, 2, 3),
  "big": 2**80, "negative": -(2**63), "safe": 2**53 - 1, "float": 0.1, "nan": math.nan, "inf": -math.inf,
  "bytes": b"\\x00\\xff", "tuple": (1, ("a",)), "set": {7}, "frozen": frozenset([8]), "long": "x" * 300, "none": None, 5: "five", True: "yes",
  "uuid": uuid.UUID("12345678-1234-5678-1234-567812345678"), "decimal": decimal.Decimal("1.10"), "path": pathlib.PurePosixPath("/a/b"),
  "ordered": collections.OrderedDict([("b", 1), ("a", 2)]), "__proto__": {"x": 1}, "empty": {}}})
s = InMemoryDocstore(); s._dict = {"id": d}
pickle.dump((s, {0: "id"}, config), open(sys.argv[1], "wb"), protocol=int(sys.argv[2]))
`;
    execFileSync("python3", ["-c", script, path, String(protocol)]);
    const store = readStore(readFileSync(path), path);
    expect(store).toMatchObject({ dimensions: 8, metric: "angular", ids: new Map([[0, "id"]]) });
    const { pageContent, metadata } = store.document("id")!;
    expect(pageContent).toBe("naïve 东 🙂 \ud800 \n\\u0041");
    expect(Object.entries(metadata)).toEqual(
      [
        ["when", "2024-02-29T12:30:05.000120"],
        ["zoned", "2024-01-01T00:00:00+02:30"],
        ["utc", "2024-01-01T00:00:00+00:00"],
        ["day", "1999-12-31"],
        ["time", "01:02:03"],
        ["big", "1208925819614629174706176"],
        ["negative", "-9223372036854775808"],
        ["safe", 2 ** 53 - 1],
        ["float", 0.1],
        ["nan", null],
        ["inf", "-Infinity"],
        ["bytes", "AP8="],
        ["tuple", [1, ["a"]]],
        ["set", [7]],
        ["frozen", [8]],
        ["long", "x".repeat(300)],
        ["none", null],
        ["5", "five"],
        ["true", "yes"],
        ["uuid", "12345678-1234-5678-1234-567812345678"],
        ["decimal", "1.10"],
        ["path", "/a/b"],
        ["ordered", { b: 1, a: 2 }],
        ["__proto__", { x: 1 }],
        ["empty", {}],
      ].toSorted((a, b) => Number(/^\d/.test(String(b[0]))) - Number(/^\d/.test(String(a[0])))),
    );
  });
});

test("a folder cannot be exported over a file, nor into the working directory by an empty path", async () => {
  const artifact = join(folder, "artifact");
  await importLangchain(join(FIXTURES, "legacy"), { out: artifact });
  await expect(exportLangchain(artifact, { out: "" })).rejects.toMatchObject({ code: "BAD_OPTION" });
  const file = join(folder, "file");
  writeFileSync(file, "mine");
  expect(await refused(exportLangchain(artifact, { out: file }))).toMatchObject({ code: "CANNOT_WRITE" });
  expect(readFileSync(file, "utf8")).toBe("mine");
});

describe("a pickle that copies what it remembers", () => {
  /** A list of 50,000 numbers, or a text as long, remembered and then copied by every six bytes. */
  const copying = (module: string, name: string, value: Buffer) =>
    Buffer.concat([
      Buffer.from([0x80, 4]),
      Buffer.from(`c${module}\n${name}\n`),
      Buffer.from([0x71, 0]),
      value,
      Buffer.from([0x71, 1, 0x28]),
      ...Array.from({ length: 60_000 }, () => Buffer.from([0x68, 0, 0x68, 1, 0x85, 0x52])),
      Buffer.from([0x6c, 0x2e]),
    ]);
  const list = Buffer.concat([
    Buffer.from([0x28]),
    Buffer.alloc(100_000, Buffer.from([0x4b, 7])),
    Buffer.from([0x6c]),
  ]);
  const text = Buffer.concat([Buffer.from([0x58, 0x50, 0xc3, 0, 0]), Buffer.alloc(50_000, "x")]);

  test.each([
    ["builtins", "list", list],
    ["builtins", "tuple", list],
    ["builtins", "set", list],
    ["builtins", "bytes", text],
    ["pathlib", "PosixPath", text],
  ])("%s.%s is refused before it takes memory", (module, name, value) => {
    const pickle = copying(module, name, value);
    expect(pickle.length).toBeLessThan(480_000);
    const before = process.memoryUsage();
    let code: unknown;
    try {
      readPickle(pickle);
    } catch (error) {
      code = (error as { code?: unknown }).code;
    }
    const after = process.memoryUsage();
    expect(code).toBe("PICKLE_TOO_LARGE");
    expect(after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers).toBeLessThan(150e6);
  });
});
