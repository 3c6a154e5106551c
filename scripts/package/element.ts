import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { bytes } from "../cli/terminal.ts";
import { bundleElement, ELEMENT_FILE } from "./bundle.ts";

/** `npm run build:element`: makes the file that the Worker serves from the sources of `<annoy-search>`. */
const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const text = await bundleElement(root);
await writeFile(join(root, ELEMENT_FILE), text);
process.stderr.write(`${ELEMENT_FILE}: ${bytes(Buffer.byteLength(text))}\n`);
