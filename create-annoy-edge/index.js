#!/usr/bin/env node
// `npm create annoy-edge my-search` is `annoy-edge init my-search`.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const path = createRequire(import.meta.url).resolve("annoy-edge/package.json");
const { bin } = createRequire(import.meta.url)(path);
const command = join(dirname(path), bin["annoy-edge"]);
const child = spawn(process.execPath, [command, "init", ...process.argv.slice(2)], { stdio: "inherit" });
child.on("exit", (code) => process.exit(code ?? 1));
