/** Texts of a stream of Workers AI: server-sent events `data: {"response":"…"}`, and `data: [DONE]` at the end. */
export async function* tokensOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of stream) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (!line.startsWith("data: ") || line === "data: [DONE]") continue;
      const { response } = JSON.parse(line.slice("data: ".length)) as { response?: unknown };
      if (typeof response === "string" && response !== "") yield response;
    }
  }
}
