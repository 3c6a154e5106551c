import { METRICS, type Metric } from "../../../worker/core/format/constants.ts";
import { LangchainFolderError } from "./errors.ts";
import { type Budget, budgetFor, toJson } from "./json.ts";
import { readPickle } from "./pickle-read.ts";
import { PyObject, PyTuple, type PyValue } from "./values.ts";

/** Content of `index.pkl` of a LangChain Annoy store. */
export interface LangchainStore {
  readonly dimensions: number;
  readonly metric: Metric;
  /** Item to docstore id. */
  readonly ids: ReadonlyMap<number, string>;
  /** The document of a docstore id; undefined where there is none. */
  document(id: string): LangchainDocument | undefined;
}

export interface LangchainDocument {
  readonly pageContent: string;
  readonly metadata: Record<string, unknown>;
}

/**
 * Reads the pickled (docstore, index_to_docstore_id, config) of LangChain's Annoy store, of any of its generations.
 * Metadata is converted when a document is asked for.
 *
 * @throws LangchainFolderError
 */
export function readStore(bytes: Uint8Array, name: string): LangchainStore {
  const value = readPickle(bytes, name);
  const wrong = (what: string) =>
    new LangchainFolderError("NOT_LANGCHAIN", `${name} was not written by LangChain's Annoy store: ${what}.`);
  if (!(value instanceof PyTuple) || value.items.length !== 3) {
    throw wrong("it is no tuple of docstore, index_to_docstore_id and configuration");
  }
  const [docstore, itemIds, config] = value.items as [PyValue, PyValue, PyValue]; // three, as just checked
  const documents = documentsOf(docstore);
  if (!documents) throw wrong("the docstore has no documents");
  if (!(itemIds instanceof Map)) throw wrong("index_to_docstore_id is no dict");
  const ids = new Map<number, string>();
  for (const [item, id] of itemIds) {
    if (typeof item !== "number" || !Number.isInteger(item) || item < 0 || typeof id !== "string") {
      throw wrong("index_to_docstore_id does not lead from numbers to texts");
    }
    ids.set(item, id);
  }
  const budget = budgetFor(bytes.byteLength);
  return {
    ...settingsOf(config, wrong),
    ids,
    document(id) {
      const document = documents.get(id);
      return document === undefined ? undefined : documentOf(document, budget, `Document ${id} of ${name}`);
    },
  };
}

/** InMemoryDocstore keeps its documents in `_dict`. */
function documentsOf(docstore: PyValue): Map<PyValue, PyValue> | undefined {
  if (!(docstore instanceof PyObject) || docstore.name !== "InMemoryDocstore") return undefined;
  const { state } = docstore;
  const documents = state instanceof Map ? state.get("_dict") : undefined;
  return documents instanceof Map ? documents : undefined;
}

/** The state of a pydantic model (1 and 2 alike) holds its fields in `__dict__`. */
function documentOf(value: PyValue, budget: Budget, where: string): LangchainDocument {
  const state = value instanceof PyObject && value.name === "Document" ? value.state : undefined;
  const inner = state instanceof Map ? state.get("__dict__") : undefined;
  const fields = inner instanceof Map ? inner : state;
  const pageContent = fields instanceof Map ? fields.get("page_content") : undefined;
  const metadata = fields instanceof Map ? (fields.get("metadata") ?? new Map()) : undefined;
  if (typeof pageContent !== "string" || !(metadata instanceof Map)) {
    throw new LangchainFolderError("NOT_LANGCHAIN", `${where} lacks page_content or metadata.`);
  }
  // A Map becomes an object.
  return { pageContent, metadata: toJson(metadata, budget, where) as Record<string, unknown> };
}

/** Section ANNOY of the ConfigParser, or of the plain dict that some programs put in its place. */
function settingsOf(
  config: PyValue,
  wrong: (what: string) => LangchainFolderError,
): { dimensions: number; metric: Metric } {
  const parserState = config instanceof PyObject && config.name === "ConfigParser" ? config.state : undefined;
  const sections = parserState instanceof Map ? parserState.get("_sections") : config;
  const section = sections instanceof Map ? sections.get("ANNOY") : undefined;
  if (!(section instanceof Map)) throw wrong("the configuration has no section ANNOY");
  const f = section.get("f");
  const dimensions = typeof f === "string" && /^\d{1,9}$/.test(f.trim()) ? Number(f) : f;
  if (typeof dimensions !== "number" || !Number.isInteger(dimensions) || dimensions < 1) {
    throw wrong("the configuration has no number of dimensions f");
  }
  const name = section.get("metric");
  const metric = METRICS.find((m) => m === name);
  if (!metric) throw wrong(`the configuration's metric is ${typeof name === "string" ? name : "missing"}`);
  return { dimensions, metric };
}
