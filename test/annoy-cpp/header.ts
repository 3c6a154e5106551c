import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** A compiled test/annoy-cpp/annoy.cpp, or why there is none. */
export type Compiled =
  | {
      readonly program: string;
      /** The layout of dot that it knows: the released one, or that of the master branch. */
      readonly dotLayout: "dot-1.17" | "dot";
    }
  | { readonly reason: string };

const SOURCE = fileURLToPath(new URL("./annoy.cpp", import.meta.url));
const CACHE = fileURLToPath(new URL("../../node_modules/.cache/annoylib", import.meta.url));
/** Hash of annoylib.h in npm's annoy 4.0.0. The package itself is no dependency: installing it compiles an addon. */
const NPM_PACKAGE = "annoy@4.0.0";
const NPM_HEADER_SHA256 = "38b5321feedc0f76a20b6ec46a1556c0ac2b000f8a9709ac6c0f6a0e9a1d4bf8";
/** Debian's r-cran-rcppannoy. */
const DEBIAN = "/usr/lib/R/site-library/RcppAnnoy/include";

/** Compiles the program into `folder` against the annoylib.h of ANNOY_INCLUDE, of Debian, or of npm. */
export function compileAnnoy(folder: string): Compiled {
  if (spawnSync("g++", ["--version"]).status !== 0) return { reason: "no C++ compiler (g++) is installed" };
  const include = findHeader();
  if (!include) {
    return {
      reason: "annoylib.h was not found: install r-cran-rcppannoy, or set ANNOY_INCLUDE to its folder",
    };
  }
  const header = readFileSync(join(include, "annoylib.h"), "utf8");
  const program = join(folder, "annoy");
  const flags = [
    ...(/^namespace Annoy/m.test(header) ? ["-DANNOY_NAMESPACE"] : []),
    ...(header.includes("ThreadedBuildPolicy") ? ["-DANNOY_POLICY"] : []),
  ];
  // Scalar and without fused operations: arithmetic in float32, one rounding each.
  const options = ["-std=c++14", "-O2", "-ffp-contract=off", "-w", `-I${include}`, ...flags];
  execFileSync("g++", [...options, SOURCE, "-o", program], { stdio: "pipe", timeout: 110_000 });
  return { program, dotLayout: /\bbool built;/.test(header) ? "dot" : "dot-1.17" };
}

function findHeader(): string | undefined {
  const given = process.env.ANNOY_INCLUDE;
  const found = [given, DEBIAN, CACHE].find((folder) => folder && existsSync(join(folder, "annoylib.h")));
  return found ?? download();
}

/** Unpacks the two headers of the npm package without installing it. Undefined when the registry is out of reach. */
function download(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), "annoylib-"));
  try {
    const quick = ["--fetch-retries=0", "--fetch-timeout=20000", "--ignore-scripts", "--silent"];
    const shell = process.platform === "win32";
    const packed = spawnSync("npm", ["pack", NPM_PACKAGE, ...quick], { cwd: folder, timeout: 60_000, shell });
    if (packed.status !== 0) return undefined;
    execFileSync("tar", ["-xzf", "annoy-4.0.0.tgz"], { cwd: folder });
    const header = readFileSync(join(folder, "package/annoylib.h"));
    if (createHash("sha256").update(header).digest("hex") !== NPM_HEADER_SHA256) return undefined;
    mkdirSync(CACHE, { recursive: true });
    for (const name of ["kissrandom.h", "annoylib.h"])
      cpSync(join(folder, "package", name), join(CACHE, name));
    return CACHE;
  } catch {
    return undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
