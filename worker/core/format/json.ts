/**
 * Reads JSON of strict UTF-8 without a byte order mark, as sections hold it.
 *
 * @param failed makes the error of bytes that are none
 */
export function jsonOf(bytes: Uint8Array, failed: (cause: unknown) => Error): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (cause) {
    throw failed(cause);
  }
}
