import { type Command, Option } from "commander";
import { type ImportEncoderOptions, importEncoder } from "../../build/index.ts";
import { leafCommand, newCommand, perform } from "../cli/run.ts";

/** `annoy-edge encoder import`: a Hugging Face folder to the file that Node and the Worker read. */
export function addEncoder(program: Command): void {
  const group = newCommand("encoder", "sentence encoders that run in the Worker").helpCommand(false);
  program.addCommand(group);
  const command = leafCommand(group, "import", "a Hugging Face folder to an encoder file", [
    "encoder import models/all-MiniLM-L6-v2 --out encoder.bin",
    "encoder import models/multilingual-e5-small --languages de en fr --token-table int4 --out encoder.bin",
  ])
    .argument(
      "<folder>",
      "holds config.json, model.safetensors and tokenizer.json, vocab.txt or sentencepiece.bpe.model",
    )
    .requiredOption("--out <file>", "file to write")
    .option("--name <name>", "name of the model (default: the folder's)")
    .addOption(
      new Option("--token-table <codec>", "how the token table is stored (default: int8)").choices([
        "int8",
        "int4",
      ]),
    )
    .option("--languages <codes...>", "keep only tokens that texts in these languages need")
    .option("--vocabulary <files...>", "keep only tokens that these text files have, and single characters")
    .addOption(new Option("--pooling <how>", "where no file of the model says it").choices(["cls", "mean"]))
    .option("--query-prefix <text>", "put before queries (default: as the model states)")
    .option("--document-prefix <text>", "put before documents (default: as the model states)");
  perform<ImportEncoderOptions>(command, async (_, flags, [folder]) => {
    const result = await importEncoder(folder!, flags);
    const { out, bytes, tokens, identity } = result;
    const size = `${(bytes / 1e6).toFixed(1)} MB`;
    return {
      result,
      text: `${out}\n${identity.model}: ${identity.dimensions} dimensions, ${tokens.toLocaleString("en-US")} tokens, ${size}, content ${identity.contentHash}`,
    };
  });
}
