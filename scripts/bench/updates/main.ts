import { join } from "node:path";
import { columns } from "../../cli/describe.ts";
import { bytes, count } from "../../cli/terminal.ts";
import { load, machine } from "../machine.ts";
import { CACHE, print, tool } from "../tool.ts";
import { buildWordNet } from "../wordnet.ts";
import { KINDS, measureCpu } from "./cpu.ts";
import { makeChanged, measurePublishing, NAME, REFRESH_SECONDS, type TimedUpdate } from "./measure.ts";

const SHARES = [0.01, 0.05, 0.1] as const;

/** `npm run bench:updates`: bytes, time and CPU of changes on top of WordNet's 117,791 entries. */
const { json } = tool(
  "bench:updates",
  "Measures updates of WordNet's entries: bytes uploaded, time to the first answer, CPU of searches.",
)
  .option("--json", "print one JSON object")
  .parse()
  .opts<{ json?: boolean }>();

const setting = { machine: machine(), load: load() };
const base = await buildWordNet(NAME, "static");
const dirs = SHARES.map((share) => join(CACHE, `${NAME}-${share * 100}`));
const updates: TimedUpdate[] = [];
for (const [i, share] of SHARES.entries()) updates.push(await makeChanged(base, dirs[i]!, share));
const publishing = await measurePublishing(base, dirs[0]!, join(CACHE, `${NAME}-state`));
const cpu = await measureCpu([base, ...dirs]);
print(json ? { ...setting, updates, publishing, cpu } : describe());

function describe(): string {
  const { fullBytes, changedBytes, baseHeld, changesHeld, publishSeconds, answeredAfter } = publishing;
  const changed = updates.map(
    ({ counts, manifest, seconds }, i) =>
      `${SHARES[i]! * 100}% changed: ${count(counts.changed)} replaced, ${count(counts.removed)} removed; update ${seconds.toFixed(1)} s; recall@10 ${manifest.certified.recallAt10.toFixed(4)}`,
  );
  const rows = KINDS.map((kind) => {
    const [alone = 0, ...more] = cpu[kind];
    const shares = more.map((ms) => `${ms.toFixed(2)} ms (${(ms / alone).toFixed(2)}x)`);
    return [kind, `${alone.toFixed(2)} ms`, ...shares];
  });
  return [
    `${setting.machine}; load ${setting.load}`,
    "",
    ...changed,
    "",
    `full publish ${bytes(fullBytes)}, 1% changed ${bytes(changedBytes)}: ${((100 * changedBytes) / fullBytes).toFixed(2)}%`,
    `an isolate reads ${bytes(baseHeld)} of the base, ${bytes(changesHeld)} of the changes`,
    `publish ${publishSeconds.toFixed(1)} s; first answer ${answeredAfter.toFixed(1)} s later (REFRESH_SECONDS ${REFRESH_SECONDS})`,
    "",
    columns([["CPU a search", "base", ...SHARES.map((share) => `${share * 100}%`)], ...rows], [0]),
  ].join("\n");
}
