// Turns what `annoy-edge rebuild --json` printed into the outputs and the summary of the GitHub Action (action.yml).
import { appendFileSync, readFileSync } from "node:fs";

const text = readFileSync(process.argv[2], "utf8").trim();
const result =
  text === "" ? { error: { code: "NO_ANSWER", message: "The command printed nothing." } } : JSON.parse(text);
const { name = "", version = "", published, error, verification } = result;
// The gate refuses by an error, other checks by their result.
const outcome = result.outcome ?? (error?.code === "GATE_FAILED" ? "rejected" : "failed");
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
  ...failures.map((check) => `| failed | ${cell(`${check.code ?? ""} ${check.message ?? ""}`)} |`),
  ...(error ? [`| error | \`${error.code}\` ${cell(error.message)} |`] : []),
]);

/** A text as one cell of a table. */
function cell(text) {
  return text.replaceAll("|", "\\|").replaceAll("\n", "<br>");
}

function write(variable, lines) {
  const file = process.env[variable];
  if (file) appendFileSync(file, `${lines.join("\n")}\n`);
  else process.stdout.write(`${lines.join("\n")}\n`);
}
