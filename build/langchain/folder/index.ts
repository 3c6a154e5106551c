import { existsSync } from "node:fs";
import { mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { AnnoyEdgeError } from "../../../worker/core/format/errors.ts";
import type { ItemDocument } from "../../../worker/core/format/meta.ts";
import type { AnnoyDocument } from "../../annoy/documents.ts";
import { type ExportAnnoyOptions, type ExportAnnoyResult, exportAnnoy } from "../../annoy/export.ts";
import { checkImport, existingItems, type ImportOptions, writeImported } from "../../annoy/import.ts";
import { readAnnoy } from "../../annoy/read.ts";
import { readDocuments } from "../../artifact/documents.ts";
import type { BuildResult } from "../../artifact/folder.ts";
import { makeFolder } from "../../settings/make-folder.ts";
import { requireText } from "../../settings/options.ts";
import { namingTarget, partialPath, removePartial } from "../../settings/partial.ts";
import { LangchainFolderError } from "./errors.ts";
import { PickleWriter } from "./pickle-write.ts";
import { type LangchainStore, readStore } from "./store.ts";

const INDEX = "index.annoy";
const PICKLE = "index.pkl";

/**
 * Turns a folder that LangChain's `Annoy.save_local` wrote into an artifact: its trees, documents and docstore ids. The
 * pickle is read as data by an allow-list of names; nothing of it is run.
 *
 * @throws LangchainFolderError `PICKLE_REFUSED`, `PICKLE_CORRUPT`, `NOT_LANGCHAIN`, ...; AnnoyFileError
 */
export async function importLangchain(folder: string, options: ImportOptions): Promise<BuildResult> {
  checkImport(options);
  const pickle = join(folder, PICKLE);
  const store = readStore(await readPickleFile(pickle), pickle);
  const { dimensions, metric } = store;
  const data = readAnnoy(join(folder, INDEX), { dimensions, metric });
  const documents = documentsOf(store, existingItems(data.slots), pickle);
  return writeImported(data, documents, options, { importedFrom: "langchain" });
}

/** Whether a folder is one that LangChain wrote, and no artifact. */
export function isLangchainFolder(directory: string): boolean {
  return existsSync(join(directory, INDEX)) && !existsSync(join(directory, "manifest.json"));
}

async function readPickleFile(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new LangchainFolderError(
      "CANNOT_READ",
      `${path} cannot be read (${code}). A folder of LangChain's Annoy store holds ${INDEX} and ${PICKLE}.`,
      { cause },
    );
  }
}

function* documentsOf(store: LangchainStore, items: Uint32Array, path: string): Generator<AnnoyDocument> {
  for (const item of items) {
    const id = store.ids.get(item);
    if (id === undefined) {
      throw new LangchainFolderError("LANGCHAIN_INCOMPLETE", `${path} has no docstore id for item ${item}.`);
    }
    const document = store.document(id);
    if (!document) {
      throw new LangchainFolderError(
        "LANGCHAIN_INCOMPLETE",
        `${path} has no document for item ${item}, whose docstore id is ${JSON.stringify(id)}.`,
      );
    }
    yield { item, id, ...document };
  }
}

export interface ExportLangchainOptions extends Omit<ExportAnnoyOptions, "out"> {
  /** The folder to write; `index.annoy` and `index.pkl` in it are replaced. */
  readonly out: string;
}

/**
 * Writes an artifact as a folder that Python's `Annoy.load_local` (langchain-community, on langchain-core 0.3 or later)
 * loads: `index.annoy` and `index.pkl`.
 */
export async function exportLangchain(
  dir: string,
  options: ExportLangchainOptions,
): Promise<ExportAnnoyResult> {
  // An empty path is the working directory.
  requireText("out", options.out);
  const out = resolve(options.out);
  const existing = await stat(out).catch(() => undefined);
  if (existing && !existing.isDirectory()) {
    throw new AnnoyEdgeError("CANNOT_WRITE", `${out} is a file; LangChain's indexes are folders.`);
  }
  return namingTarget(out, async () => {
    makeFolder(dirname(out));
    const temporary = partialPath(out);
    try {
      await mkdir(temporary);
      const result = await exportAnnoy(dir, { ...options, out: join(temporary, INDEX) });
      await writePickle(join(temporary, PICKLE), readDocuments(join(dir, "documents.jsonl")), result);
      makeFolder(out);
      // Killed between the two, this leaves a folder that lacks its pickle: no loader takes it for a whole one.
      await rm(join(out, PICKLE), { force: true });
      for (const name of [INDEX, PICKLE]) await rename(join(temporary, name), join(out, name));
      return { ...result, out: options.out };
    } finally {
      removePartial(temporary);
    }
  });
}

async function writePickle(
  path: string,
  documents: AsyncIterable<ItemDocument>,
  { dimensions, metric }: ExportAnnoyResult,
): Promise<void> {
  const pickle = new PickleWriter();
  const ids: [item: number, id: string][] = [];
  pickle.newObject("langchain_community.docstore.in_memory", "InMemoryDocstore");
  pickle.beginDict();
  pickle.text("_dict");
  pickle.beginDict();
  for await (const { item, id, pageContent, metadata } of documents) {
    ids.push([item, id]);
    pickle.text(id);
    putDocument(pickle, pageContent, metadata);
  }
  pickle.endDict();
  pickle.endDict();
  pickle.build();
  pickle.beginDict();
  for (const [item, id] of ids) {
    pickle.number(item);
    pickle.text(id);
  }
  pickle.endDict();
  putConfig(pickle, { f: String(dimensions), metric });
  pickle.tuple(3);
  const file = await open(path, "w");
  try {
    for (const part of pickle.finish()) await file.appendFile(part);
  } finally {
    await file.close();
  }
}

/** A pydantic 2 model: its fields, and what pydantic keeps beside them. */
function putDocument(
  pickle: PickleWriter,
  pageContent: string,
  metadata: Readonly<Record<string, unknown>>,
): void {
  pickle.newObject("langchain_core.documents.base", "Document");
  pickle.beginDict();
  pickle.text("__dict__");
  pickle.dict([
    ["id", null],
    ["metadata", metadata],
    ["page_content", pageContent],
    ["type", "Document"],
  ]);
  pickle.text("__pydantic_extra__");
  pickle.value(null);
  pickle.text("__pydantic_fields_set__");
  pickle.set(["metadata", "page_content"]);
  pickle.text("__pydantic_private__");
  pickle.value(null);
  pickle.endDict();
  pickle.build();
}

/**
 * A ConfigParser with one section. The parser is made by its own constructor, so that it has whatever the Python that
 * reads it gives parsers; then it gets its section, and the proxies through which sections are read.
 */
function putConfig(pickle: PickleWriter, section: Record<string, string>): void {
  pickle.global("configparser", "ConfigParser");
  pickle.emptyTuple();
  pickle.reduce();
  const parser = pickle.memoize();
  pickle.beginDict();
  pickle.text("_sections");
  pickle.value({ ANNOY: section });
  pickle.text("_proxies");
  pickle.beginDict();
  for (const name of ["DEFAULT", "ANNOY"]) {
    pickle.text(name);
    pickle.global("configparser", "SectionProxy");
    pickle.recall(parser);
    pickle.text(name);
    pickle.tuple(2);
    pickle.reduce();
  }
  pickle.endDict();
  pickle.endDict();
  pickle.build();
}

export { LangchainFolderError, type LangchainFolderErrorCode } from "./errors.ts";
