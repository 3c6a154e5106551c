import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { OptionError } from "../settings/errors.ts";
import { writeWholeFile } from "../settings/partial.ts";
import { checkGolden, type GoldenQuery } from "./golden.ts";

/** Golden queries beside the configuration, which `annoy-edge insights --add` writes. */
export const GOLDEN_FILE = "annoy-edge.golden.json";

/** Golden queries of the file beside a configuration; none when it is not there. @throws OptionError */
export async function readGoldenFile(config: string): Promise<readonly GoldenQuery[]> {
  const path = join(dirname(config), GOLDEN_FILE);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw new OptionError(`${path} cannot be read: ${(cause as Error).message}.`, { cause });
  }
  try {
    const golden: unknown = JSON.parse(text);
    checkGolden(golden ?? null);
    return golden as readonly GoldenQuery[]; // checked
  } catch (cause) {
    throw new OptionError(`${path}: ${(cause as Error).message}`, { cause });
  }
}

/** Writes the file anew with further queries; one of the same text takes the place of the one before. */
export async function addGolden(config: string, added: readonly GoldenQuery[]): Promise<string> {
  const texts = new Set(added.map(({ query }) => query));
  const kept = (await readGoldenFile(config)).filter(({ query }) => !texts.has(query));
  const path = join(dirname(config), GOLDEN_FILE);
  await writeWholeFile(path, (file) => file.writeFile(`${JSON.stringify([...kept, ...added], null, 2)}\n`));
  return path;
}
