import { createHash } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { AnnoyEdgeError } from "../../../worker/core/format/errors.ts";
import type { EmbedderIdentity } from "../../../worker/core/format/meta.ts";
import { messageOf } from "../../settings/errors.ts";

/** `AEEC`, so that another program's database is not taken for ours. */
const APPLICATION_ID = 0x41454543;
const SCHEMA_VERSION = 1;
/** Keys asked for in one statement; SQLite takes 32,766 parameters. */
const LOOKUP = 500;

/** Vectors that were paid for once, on disk, by embedder and text. */
export interface EmbeddingCache {
  /** Vectors by position in `texts`; undefined where none is kept. */
  get(identity: EmbedderIdentity, texts: readonly string[]): (Float32Array | undefined)[];
  /** Keeps vectors durably: a crash after this loses none of them. */
  put(identity: EmbedderIdentity, texts: readonly string[], vectors: readonly ArrayLike<number>[]): void;
  /** Length of a model's vectors, when it has been seen before: saves asking the model itself. */
  dimensions(key: string): number | undefined;
  putDimensions(key: string, dimensions: number): void;
  close(): void;
}

/**
 * Opens the cache at `path`, made when it is not there. Several builds may use it at once.
 *
 * @throws AnnoyEdgeError `CACHE_UNUSABLE`
 */
export async function openEmbeddingCache(path: string): Promise<EmbeddingCache> {
  const file = resolve(path);
  let database: DatabaseSync;
  try {
    await mkdir(dirname(file), { recursive: true });
    // Loaded here alone: a Node whose SQLite is still experimental warns on import.
    const { DatabaseSync } = await import("node:sqlite");
    database = new DatabaseSync(file);
    prepare(database);
  } catch (cause) {
    throw new AnnoyEdgeError(
      "CACHE_UNUSABLE",
      `The embedding cache ${file} cannot be used (${messageOf(cause)}). Delete it, or build with another cache or none.`,
      { cause },
    );
  }
  return cacheOver(database);
}

function prepare(database: DatabaseSync): void {
  database.exec("PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
  const pragma = (name: string) => Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0];
  const { tables } = database.prepare("SELECT count(*) AS tables FROM sqlite_schema").get() as {
    tables: number;
  };
  if (tables > 0 && pragma("application_id") !== APPLICATION_ID)
    throw new Error("it belongs to another program");
  if (tables > 0 && pragma("user_version") !== SCHEMA_VERSION) throw new Error("it has another version");
  database.exec(`
    BEGIN IMMEDIATE;
    PRAGMA application_id = ${APPLICATION_ID};
    PRAGMA user_version = ${SCHEMA_VERSION};
    CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS dimensions (key TEXT PRIMARY KEY, dimensions INTEGER NOT NULL) WITHOUT ROWID;
    COMMIT`);
}

function cacheOver(database: DatabaseSync): EmbeddingCache {
  const insert = database.prepare("INSERT OR REPLACE INTO vectors (key, vector) VALUES (?, ?)");
  const readDimensions = database.prepare("SELECT dimensions FROM dimensions WHERE key = ?");
  const writeDimensions = database.prepare(
    "INSERT OR REPLACE INTO dimensions (key, dimensions) VALUES (?, ?)",
  );
  return {
    get(identity, texts) {
      const found: (Float32Array | undefined)[] = [];
      const keyOf = keysOf(identity);
      for (let first = 0; first < texts.length; first += LOOKUP) {
        const keys = texts.slice(first, first + LOOKUP).map(keyOf);
        const marks = keys.map(() => "?").join(",");
        const rows = database.prepare(`SELECT key, vector FROM vectors WHERE key IN (${marks})`).all(...keys);
        const byKey = new Map(rows.map((row) => [hex(row.key as Uint8Array), row.vector as Uint8Array]));
        for (const key of keys) found.push(toVector(byKey.get(hex(key)), identity.dimensions));
      }
      return found;
    },
    put(identity, texts, vectors) {
      const keyOf = keysOf(identity);
      database.exec("BEGIN IMMEDIATE");
      try {
        for (const [i, text] of texts.entries()) {
          insert.run(keyOf(text), new Uint8Array(Float32Array.from(vectors[i]!).buffer));
        }
        database.exec("COMMIT");
      } catch (error) {
        database.exec("ROLLBACK");
        throw error;
      }
    },
    dimensions(key) {
      const row = readDimensions.get(key);
      return typeof row?.dimensions === "number" ? row.dimensions : undefined;
    },
    putDimensions(key, dimensions) {
      writeDimensions.run(key, dimensions);
    },
    close: () => database.close(),
  };
}

/** 20 bytes of SHA-256 over everything that decides a document's vector. */
function keysOf(identity: EmbedderIdentity): (text: string) => Uint8Array {
  const { provider, model, dimensions, pooling, documentPrefix, normalized, dimensionsRequested } = identity;
  const parts = [provider, model, dimensions, pooling, documentPrefix, normalized, dimensionsRequested];
  // Two imports of one model under one name may differ in every number.
  const all = identity.contentHash === undefined ? parts : [...parts, identity.contentHash];
  const prefix = createHash("sha256").update(JSON.stringify(all));
  return (text) => prefix.copy().update("\0").update(text, "utf8").digest().subarray(0, 20);
}

function hex(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString("hex");
}

/** A row of another length is damage, and counts as not kept. */
function toVector(bytes: Uint8Array | undefined, dimensions: number): Float32Array | undefined {
  if (bytes?.byteLength !== dimensions * 4) return undefined;
  return new Float32Array(bytes.slice().buffer);
}
