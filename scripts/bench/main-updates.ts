import { loadavg } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { columns } from "../cli/describe.ts";
import { bytes, count } from "../cli/terminal.ts";
import { machine } from "./machine.ts";
import { KINDS, measureCpu } from "./updates/cpu.ts";
import { makeBase, makeChanged, measurePublishing, REFRESH_SECONDS } from "./updates/measure.ts";

/** `npm run bench:updates`: bytes, time and CPU of changes on top of WordNet's 117,791 entries. */
const program = new Command("npm run bench:updates --")
  .description(
    "Measures updates of WordNet's entries: bytes uploaded, time to the first answer, CPU of searches.",
  )
  .option("--json", "print one JSON object")
  .parse();
const { json } = program.opts<{ json?: boolean }>();
const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = join(root, ".bench", "updates");
const SHARES = [0.01, 0.05, 0.1] as const;

const before = loadavg()[0]!;
const base = await makeBase(folder);
const dirs = SHARES.map((share) => join(folder, `changed-${share * 100}`));
const updates = [];
for (const [i, share] of SHARES.entries()) updates.push(await makeChanged(base, dirs[i]!, share));
const publishing = await measurePublishing(root, join(folder, "state"), base, dirs[0]!);
const cpu = await measureCpu([base, ...dirs]);

if (json) {
  process.stdout.write(`${JSON.stringify({ machine: machine(), load: before, updates, publishing, cpu })}\n`);
} else {
  const { fullBytes, changedBytes, baseHeld, changesHeld, publishSeconds, answeredAfter } = publishing;
  const lines = [
    `${machine()}; load ${before.toFixed(1)}`,
    "",
    ...updates.map(
      ({ counts, manifest, seconds }, i) =>
        `${SHARES[i]! * 100}% changed: ${count(counts.changed)} replaced, ${count(counts.removed)} removed; update ${seconds.toFixed(1)} s; recall@10 ${manifest.certified.recallAt10.toFixed(4)}`,
    ),
    "",
    `full publish ${bytes(fullBytes)}, 1% changed ${bytes(changedBytes)}: ${((100 * changedBytes) / fullBytes).toFixed(2)}%`,
    `an isolate reads ${bytes(baseHeld)} of the base, ${bytes(changesHeld)} of the changes`,
    `publish ${publishSeconds.toFixed(1)} s; first answer ${answeredAfter.toFixed(1)} s later (REFRESH_SECONDS ${REFRESH_SECONDS})`,
    "",
    columns(
      [
        ["CPU a search", "base", ...SHARES.map((share) => `${share * 100}%`)],
        ...KINDS.map((kind) => {
          const [alone = 0, ...more] = cpu[kind];
          const shares = more.map((ms) => `${ms.toFixed(2)} ms (${(ms / alone).toFixed(2)}x)`);
          return [kind, `${alone.toFixed(2)} ms`, ...shares];
        }),
      ],
      [0],
    ),
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}
