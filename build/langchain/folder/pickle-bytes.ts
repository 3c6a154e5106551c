import { LangchainFolderError } from "./errors.ts";

/** Integers longer than this (2,466 digits) are no data of anybody's. */
const MAX_INT_BYTES = 1024;

/** A pickle's bytes and the values that opcodes spell out in them; never reads past the end. */
export class PickleBytes {
  readonly view: DataView;
  /** For messages. */
  readonly name: string;
  at = 0;
  private readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array, name: string) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.name = name;
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  u8(): number {
    return this.bytes[this.take(1)]!;
  }

  i32(): number {
    return this.view.getInt32(this.take(4), true);
  }

  u32(): number {
    return this.view.getUint32(this.take(4), true);
  }

  /** Moves past `length` bytes and returns where they start. */
  take(length: number): number {
    const start = this.at;
    if (length < 0 || length > this.bytes.length - start) throw this.corrupt("it ends too early");
    this.at = start + length;
    return start;
  }

  length8(): number {
    const value = this.view.getBigUint64(this.take(8), true);
    if (value > BigInt(this.bytes.length))
      throw this.corrupt("it ends too early: a length reaches past the end");
    return Number(value);
  }

  slice(length: number): Uint8Array {
    const start = this.take(length);
    return this.bytes.slice(start, start + length);
  }

  text(length: number): string {
    const start = this.take(length);
    return decodeText(this.bytes.subarray(start, start + length));
  }

  latin1(length: number): string {
    const start = this.take(length);
    return Buffer.from(this.bytes.buffer, this.bytes.byteOffset + start, length).toString("latin1");
  }

  /** A line of text without its newline. */
  line(): string {
    const end = this.bytes.indexOf(10, this.at);
    if (end < 0) throw this.corrupt("it ends too early");
    const start = this.at;
    this.at = end + 1;
    return Buffer.from(this.bytes.buffer, this.bytes.byteOffset + start, end - start).toString("latin1");
  }

  index(line: string): number {
    if (!/^\d{1,10}$/.test(line)) throw this.corrupt("a memo number is no number");
    return Number(line);
  }

  textInt(line: string): number | bigint | boolean {
    if (line === "00") return false;
    if (line === "01") return true;
    return this.textLong(line);
  }

  textLong(line: string): number | bigint | boolean {
    const digits = line.endsWith("L") ? line.slice(0, -1) : line;
    if (!/^-?\d+$/.test(digits) || digits.length > 2 * MAX_INT_BYTES)
      throw this.corrupt("an int is no number");
    return integer(BigInt(digits));
  }

  long(length: number): number | bigint | boolean {
    if (length > MAX_INT_BYTES) throw this.corrupt(`an int has ${length} bytes`);
    const start = this.take(length);
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.bytes[start + i]!);
    return integer(BigInt.asIntN(8 * length, value));
  }

  textFloat(line: string): number {
    const text = line.toLowerCase();
    if (text === "nan" || text === "-nan") return Number.NaN;
    if (text === "inf") return Number.POSITIVE_INFINITY;
    if (text === "-inf") return Number.NEGATIVE_INFINITY;
    const value = Number(text);
    if (text.trim() === "" || Number.isNaN(value)) throw this.corrupt("a float is no number");
    return value;
  }

  /** Python 2's repr of a str. */
  quoted(line: string): string {
    const quote = line[0];
    if (line.length < 2 || (quote !== "'" && quote !== '"') || !line.endsWith(quote)) {
      throw this.corrupt("a text has no quotes");
    }
    const escapes: Record<string, string> = { n: "\n", r: "\r", t: "\t", "\\": "\\", "'": "'", '"': '"' };
    return line.slice(1, -1).replace(/\\(x[0-9a-f]{2}|.)/gs, (whole, e: string) => {
      if (e[0] === "x" && e.length === 3) return String.fromCharCode(Number.parseInt(e.slice(1), 16));
      return escapes[e] ?? whole;
    });
  }

  /** Python's raw-unicode-escape. */
  rawUnicode(line: string): string {
    return line.replace(/\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})/g, (_, four?: string, eight?: string) => {
      const code = Number.parseInt(four ?? eight ?? "", 16);
      if (code > 0x10ffff) throw this.corrupt("a character is beyond Unicode");
      return String.fromCodePoint(code);
    });
  }

  corrupt(what: string): LangchainFolderError {
    return new LangchainFolderError(
      "PICKLE_CORRUPT",
      `${this.name} is not a sound pickle: at byte ${this.at} ${what}.`,
    );
  }
}

function integer(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** UTF-8 as Python pickles it: lone surrogates are encoded like other characters ("surrogatepass"). */
function decodeText(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes);
  } catch {
    // Only the damaged or surrogate-bearing text comes here. Replace each three-byte surrogate by hand.
    const parts: string[] = [];
    let start = 0;
    for (let i = 0; i + 2 < bytes.length; i++) {
      if (bytes[i] !== 0xed || bytes[i + 1]! < 0xa0 || bytes[i + 1]! > 0xbf) continue;
      parts.push(Buffer.from(bytes.subarray(start, i)).toString("utf8"));
      parts.push(String.fromCharCode(0xd000 | ((bytes[i + 1]! & 0x3f) << 6) | (bytes[i + 2]! & 0x3f)));
      i += 2;
      start = i + 1;
    }
    parts.push(Buffer.from(bytes.subarray(start)).toString("utf8"));
    return parts.join("");
  }
}
