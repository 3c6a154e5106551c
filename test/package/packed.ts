import { execFile } from "node:child_process";
import { cp, mkdir, readdir, readFile, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));
export const run = promisify(execFile);

/** Packs the checkout as `npm pack` does, from a copy: packing changes package.json, and other tests import it. */
export async function packInto(folder: string): Promise<string> {
  const checkout = join(folder, "checkout");
  await mkdir(checkout);
  for (const name of await readdir(ROOT)) {
    if (/^(?:\.|node_modules$|dist$|artifacts$|coverage$|test$)/.test(name)) continue;
    await cp(join(ROOT, name), join(checkout, name), { recursive: true });
  }
  await cp(join(ROOT, "artifacts"), join(checkout, "artifacts"), {
    recursive: true,
  });
  await symlink(join(ROOT, "node_modules"), join(checkout, "node_modules"));
  const before = await readFile(join(checkout, "package.json"), "utf8");
  const npm = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ["npm"];
  const env = { ...process.env, PATH: `${join(ROOT, "node_modules", ".bin")}:${process.env.PATH}` };
  await run(npm[0]!, [...npm.slice(1), "pack", "--pack-destination", folder], { cwd: checkout, env });
  if ((await readFile(join(checkout, "package.json"), "utf8")) !== before) {
    throw new Error("Packing has left another package.json behind.");
  }
  await rm(checkout, { recursive: true });
  const [name] = (await readdir(folder)).filter((file) => file.endsWith(".tgz"));
  return join(folder, name!);
}

/** A node_modules with the package from its tarball, and everything else linked to that of the checkout: no registry is asked. */
export async function installInto(modules: string, tarball: string): Promise<void> {
  await mkdir(modules, { recursive: true });
  for (const name of await readdir(join(ROOT, "node_modules"))) {
    if (name === "annoy-edge" || name === ".vite" || name === ".cache") continue;
    await symlink(join(ROOT, "node_modules", name), join(modules, name));
  }
  const target = join(modules, "annoy-edge");
  await mkdir(target);
  await run("tar", ["-xzf", tarball, "-C", target, "--strip-components=1"]);
}
