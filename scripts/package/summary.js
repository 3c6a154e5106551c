// Turns what `annoy-edge rebuild --json` printed into the outputs and the summary of the GitHub Action (action.yml).
import { appendFileSync, readFileSync } from "node:fs";

const text = readFileSync(process.argv[2], "utf8").trim();
const result =
  text === "" ? { error: { code: "NO_ANSWER", message: "The command printed nothing." } } : JSON.parse(text);
const { outcome = "failed", name = "", version = "", published, error, verification } = result;
const { added = 0, removed = 0, kept = 0 } = published?.documents ?? {};

const outputs = { outcome, version, added, removed };
write(
  "GITHUB_OUTPUT",
  Object.entries(outputs).map(([key, value]) => `${key}=${value}`),
);

const failures = verification?.checks?.filter((check) => !check.ok) ?? [];
write("GITHUB_STEP_SUMMARY", [
  `### annoy-edge: ${name} ${outcome}`,
  "",
  "| | |",
  "|---|---|",
  ...(version ? [`| version | \`${version}\` |`] : []),
  ...(published ? [`| documents | ${added} added, ${removed} removed, ${kept} kept |`] : []),
  ...failures.map((check) => `| failed | ${check.code ?? ""} ${check.message ?? ""} |`),
  ...(error ? [`| error | \`${error.code}\` ${error.message.replaceAll("|", "\\|")} |`] : []),
]);

function write(variable, lines) {
  const file = process.env[variable];
  if (file) appendFileSync(file, `${lines.join("\n")}\n`);
  else process.stdout.write(`${lines.join("\n")}\n`);
}
