import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ModelError } from "./errors.ts";

/** An object of JSON. */
export type Json = Readonly<Record<string, unknown>>;

/** @throws ModelError `MODEL_NOT_FOUND` */
export async function readModelFile(folder: string, name: string): Promise<Uint8Array> {
  try {
    return await readFile(join(folder, name));
  } catch (cause) {
    throw new ModelError("MODEL_NOT_FOUND", `${join(folder, name)} cannot be read.`, { cause });
  }
}

/** @throws ModelError `BAD_MODEL` */
export function parseModelFile(bytes: Uint8Array, name: string): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new ModelError("BAD_MODEL", `${name} is not JSON.`, { cause });
  }
}
