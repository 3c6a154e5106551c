#!/usr/bin/env node
// The command's entry. Plain JavaScript that any Node can parse: it hands over to the Node that this project brings
// (the dev dependency `node`) when the running one is too old to run TypeScript itself.
import { spawn } from "node:child_process";
import module, { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const [major, minor] = process.versions.node.split(".").map(Number);
// From 22.18 Node strips types without a flag.
const recentEnough = major > 22 || (major === 22 && minor >= 18);

if (recentEnough) {
  // Else every command takes half a second to strip the types off what it imports.
  module.enableCompileCache();
  await import("./main.ts");
} else {
  rerun(bundledNode());
}

function bundledNode() {
  try {
    const home = dirname(createRequire(import.meta.url).resolve("node/package.json"));
    return join(home, "bin", process.platform === "win32" ? "node.exe" : "node");
  } catch {
    process.stderr.write(
      `annoy-edge needs Node 22.18 or newer, and this is ${process.version}. ` +
        "Update Node, or run `npm install --save-dev node`, which brings one along.\n",
    );
    process.exit(1);
  }
}

function rerun(node) {
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => {
    process.stderr.write(`annoy-edge could not start ${node}: ${error.message}\n`);
    process.exit(1);
  });
  child.on("exit", (code, signal) => process.exit(signal ? 130 : (code ?? 1)));
}
