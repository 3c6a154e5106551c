import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Adds up what .ci/run has left in a folder: `<step>.json`, a report of Vitest, and `<step>.failed` for a step that ended
 * with another exit code than 0. Prints the totals as the last line; exits 1 when anything failed or nothing ran.
 */
const folder = process.argv[2] ?? ".";
const steps = new Set(readdirSync(folder).map((file) => file.replace(/\.[a-z]+$/, "")));
let passed = 0;
let failed = 0;
for (const step of steps) {
  let failures = 0;
  const path = join(folder, `${step}.json`);
  if (existsSync(path)) {
    const report = JSON.parse(readFileSync(path, "utf8"));
    passed += report.numPassedTests;
    // A file that cannot be loaded fails without having a test that fails.
    const broken = report.testResults.filter(
      ({ status, assertionResults }) =>
        status === "failed" && !assertionResults.some((test) => test.status === "failed"),
    );
    failures = report.numFailedTests + broken.length;
  }
  const note = join(folder, `${step}.failed`);
  if (existsSync(note)) {
    console.log(readFileSync(note, "utf8").trim());
    // Ended before its tests, or after them: a failure all the same.
    failures = Math.max(failures, 1);
  }
  failed += failures;
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
