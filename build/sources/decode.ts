/** Decodes the escapes of a URL; a text that cannot be decoded stays as it is. */
export function decodeEscapes(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
