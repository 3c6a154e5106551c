import { allowedName, call } from "./allowed.ts";
import { LangchainFolderError } from "./errors.ts";
import { PyGlobal, PyObject, PyTuple, type PyValue } from "./values.ts";

/** Integers longer than this (2,466 digits) are no data of anybody's. */
const MAX_INT_BYTES = 1024;
const HIGHEST_PROTOCOL = 5;

const MARK = Symbol("mark");
type Slot = PyValue | typeof MARK;

/**
 * Reads a pickle of protocol 0 to 5 as data: an interpreter of its opcodes that builds inert values and knows only the
 * names of an allow-list. Nothing is imported, called or run. Time and memory are proportional to the bytes.
 *
 * @throws LangchainFolderError `PICKLE_REFUSED` naming what is not allowed, `PICKLE_CORRUPT` with the byte
 */
export function readPickle(bytes: Uint8Array, name = "The pickle"): PyValue {
  return new PickleReader(bytes, name).read();
}

class PickleReader {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly name: string;
  private at = 0;
  private readonly stack: Slot[] = [];
  private readonly memo = new Map<number, PyValue>();

  constructor(bytes: Uint8Array, name: string) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.name = name;
  }

  read(): PyValue {
    for (;;) {
      const start = this.at;
      const opcode = this.u8();
      if (opcode === 0x2e) return this.pop(); // STOP
      if (!this.scalar(opcode) && !this.container(opcode) && !this.object(opcode)) {
        this.at = start;
        throw this.corrupt(`opcode 0x${opcode.toString(16).padStart(2, "0")} is not of a pickle`);
      }
    }
  }

  /** Numbers, text, bytes, and what only moves values about. */
  private scalar(opcode: number): boolean {
    switch (opcode) {
      case 0x80: {
        const protocol = this.u8(); // PROTO
        if (protocol > HIGHEST_PROTOCOL) throw this.corrupt(`pickle protocol ${protocol} is unknown`);
        return true;
      }
      case 0x95: // FRAME
        if (this.length8() > this.bytes.length - this.at)
          throw this.corrupt("it ends too early: a frame reaches past the end");
        return true;
      case 0x4e: // NONE
        return this.push(null);
      case 0x88: // NEWTRUE
        return this.push(true);
      case 0x89: // NEWFALSE
        return this.push(false);
      case 0x49: // INT
        return this.push(this.textInt(this.line()));
      case 0x4c: // LONG
        return this.push(this.textLong(this.line()));
      case 0x4a: // BININT
        return this.push(this.view.getInt32(this.take(4), true));
      case 0x4b: // BININT1
        return this.push(this.u8());
      case 0x4d: // BININT2
        return this.push(this.view.getUint16(this.take(2), true));
      case 0x8a: // LONG1
        return this.push(this.long(this.u8()));
      case 0x8b: // LONG4
        return this.push(this.long(this.view.getInt32(this.take(4), true)));
      case 0x46: // FLOAT
        return this.push(this.textFloat(this.line()));
      case 0x47: // BINFLOAT
        return this.push(this.view.getFloat64(this.take(8)));
      case 0x53: // STRING
        return this.push(this.quoted(this.line()));
      case 0x54: // BINSTRING
        return this.push(this.latin1(this.view.getInt32(this.take(4), true)));
      case 0x55: // SHORT_BINSTRING
        return this.push(this.latin1(this.u8()));
      case 0x56: // UNICODE
        return this.push(this.rawUnicode(this.line()));
      case 0x58: // BINUNICODE
        return this.push(this.text(this.view.getUint32(this.take(4), true)));
      case 0x8c: // SHORT_BINUNICODE
        return this.push(this.text(this.u8()));
      case 0x8d: // BINUNICODE8
        return this.push(this.text(this.length8()));
      case 0x42: // BINBYTES
        return this.push(this.slice(this.view.getUint32(this.take(4), true)));
      case 0x43: // SHORT_BINBYTES
        return this.push(this.slice(this.u8()));
      case 0x8e: // BINBYTES8
      case 0x96: // BYTEARRAY8
        return this.push(this.slice(this.length8()));
      case 0x67: // GET
        return this.push(this.recall(this.index(this.line())));
      case 0x68: // BINGET
        return this.push(this.recall(this.u8()));
      case 0x6a: // LONG_BINGET
        return this.push(this.recall(this.view.getUint32(this.take(4), true)));
      case 0x70: // PUT
        return this.remember(this.index(this.line()));
      case 0x71: // BINPUT
        return this.remember(this.u8());
      case 0x72: // LONG_BINPUT
        return this.remember(this.view.getUint32(this.take(4), true));
      case 0x94: // MEMOIZE
        return this.remember(this.memo.size);
      case 0x32: // DUP
        return this.push(this.top());
      case 0x30: // POP
        if (this.stack.pop() === undefined) throw this.corrupt("the stack is empty");
        return true;
      default:
        return false;
    }
  }

  private container(opcode: number): boolean {
    switch (opcode) {
      case 0x28: // MARK
        this.stack.push(MARK);
        return true;
      case 0x31: // POP_MARK
        this.toMark();
        return true;
      case 0x5d: // EMPTY_LIST
        return this.push([]);
      case 0x6c: // LIST
        return this.push(this.toMark());
      case 0x61: // APPEND
        return this.append([this.pop()]);
      case 0x65: // APPENDS
        return this.append(this.toMark());
      case 0x29: // EMPTY_TUPLE
        return this.push(new PyTuple([]));
      case 0x74: // TUPLE
        return this.push(new PyTuple(this.toMark()));
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: {
        const items: PyValue[] = []; // TUPLE3
        for (let n = opcode - 0x84; n > 0; n--) items.unshift(this.pop());
        return this.push(new PyTuple(items));
      }
      case 0x7d: // EMPTY_DICT
        return this.push(new Map());
      case 0x64: {
        const items = this.toMark(); // DICT
        this.push(new Map());
        return this.setItems(items);
      }
      case 0x73: {
        const value = this.pop(); // SETITEM
        return this.setItems([this.pop(), value]);
      }
      case 0x75: // SETITEMS
        return this.setItems(this.toMark());
      case 0x8f: // EMPTY_SET
        return this.push(new Set());
      case 0x90: {
        const items = this.toMark(); // ADDITEMS
        const set = this.top();
        if (!(set instanceof Set)) throw this.corrupt("items are added to what is no set");
        for (const item of items) set.add(item);
        return true;
      }
      case 0x91: // FROZENSET
        return this.push(new Set(this.toMark()));
      default:
        return false;
    }
  }

  private object(opcode: number): boolean {
    switch (opcode) {
      case 0x63: // GLOBAL
        return this.push(this.global(this.line(), this.line()));
      case 0x93: {
        const name = this.pop(); // STACK_GLOBAL
        const module = this.pop();
        if (typeof name !== "string" || typeof module !== "string") throw this.corrupt("a name is no text");
        return this.push(this.global(module, name));
      }
      case 0x52: // REDUCE
      case 0x81: {
        const args = this.pop(); // NEWOBJ
        return this.push(this.apply(this.pop(), args));
      }
      case 0x92: {
        const keywords = this.pop(); // NEWOBJ_EX
        const args = this.pop();
        if (!(keywords instanceof Map) || keywords.size > 0)
          throw this.corrupt("an object has keyword arguments");
        return this.push(this.apply(this.pop(), args));
      }
      case 0x69: {
        const cls = this.global(this.line(), this.line()); // INST
        return this.push(this.apply(cls, new PyTuple(this.toMark())));
      }
      case 0x6f: {
        const [cls, ...args] = this.toMark(); // OBJ
        return this.push(this.apply(cls ?? null, new PyTuple(args)));
      }
      case 0x62: {
        const state = this.pop(); // BUILD
        const target = this.top();
        // Containers with state of their own (OrderedDict, defaultdict) need none of it.
        if (target instanceof PyObject) target.state = state;
        return true;
      }
      case 0x50: // PERSID
      case 0x51: // BINPERSID
        throw this.refused("a persistent id");
      case 0x82: // EXT1
      case 0x83: // EXT2
      case 0x84: // EXT4
        throw this.refused("an extension code");
      case 0x97: // NEXT_BUFFER
      case 0x98: // READONLY_BUFFER
        throw this.refused("a buffer outside the file");
      default:
        return false;
    }
  }

  private global(module: string, name: string): PyGlobal {
    const allowed = allowedName(module, name);
    if (allowed === undefined) throw this.refused(`${module}.${name}`);
    return new PyGlobal(allowed);
  }

  private apply(callable: PyValue, args: PyValue): PyValue {
    if (!(args instanceof PyTuple)) throw this.corrupt("arguments are no tuple");
    if (!(callable instanceof PyGlobal)) {
      // Calling what getattr would have returned, for one.
      throw this.refused(
        callable instanceof PyObject ? `a call of ${callable.name}'s result` : "a call of a value",
      );
    }
    const made = call(callable.name, args.items);
    if (made === undefined) throw this.refused(`${callable.name} with arguments that no LangChain index has`);
    return made;
  }

  private append(items: PyValue[]): boolean {
    const list = this.top();
    if (!Array.isArray(list)) throw this.corrupt("items are appended to what is no list");
    for (const item of items) list.push(item);
    return true;
  }

  private setItems(items: PyValue[]): boolean {
    const map = this.top();
    if (!(map instanceof Map)) throw this.corrupt("items are set on what is no dict");
    if (items.length % 2 !== 0) throw this.corrupt("a key has no value");
    for (let i = 0; i < items.length; i += 2) map.set(items[i]!, items[i + 1]!);
    return true;
  }

  private push(value: PyValue): boolean {
    this.stack.push(value);
    return true;
  }

  private pop(): PyValue {
    const value = this.stack.pop();
    if (value === undefined || value === MARK) throw this.corrupt("the stack has no value");
    return value;
  }

  private top(): PyValue {
    const value = this.stack.at(-1);
    if (value === undefined || value === MARK) throw this.corrupt("the stack has no value");
    return value;
  }

  private toMark(): PyValue[] {
    const mark = this.stack.lastIndexOf(MARK);
    if (mark < 0) throw this.corrupt("the stack has no mark");
    const items = this.stack.splice(mark);
    items.shift();
    return items as PyValue[]; // behind the last mark there is none
  }

  private recall(index: number): PyValue {
    const value = this.memo.get(index);
    if (value === undefined) throw this.corrupt(`nothing is remembered as ${index}`);
    return value;
  }

  private remember(index: number): boolean {
    this.memo.set(index, this.top());
    return true;
  }

  private u8(): number {
    return this.bytes[this.take(1)]!;
  }

  /** Moves past `length` bytes and returns where they start. */
  private take(length: number): number {
    const start = this.at;
    if (length < 0 || length > this.bytes.length - start) throw this.corrupt("it ends too early");
    this.at = start + length;
    return start;
  }

  private length8(): number {
    const value = this.view.getBigUint64(this.take(8), true);
    if (value > BigInt(this.bytes.length))
      throw this.corrupt("it ends too early: a length reaches past the end");
    return Number(value);
  }

  private slice(length: number): Uint8Array {
    const start = this.take(length);
    return this.bytes.slice(start, start + length);
  }

  private text(length: number): string {
    const start = this.take(length);
    return decodeText(this.bytes.subarray(start, start + length));
  }

  private latin1(length: number): string {
    const start = this.take(length);
    return Buffer.from(this.bytes.buffer, this.bytes.byteOffset + start, length).toString("latin1");
  }

  /** A line of text without its newline. */
  private line(): string {
    const end = this.bytes.indexOf(10, this.at);
    if (end < 0) throw this.corrupt("it ends too early");
    const start = this.at;
    this.at = end + 1;
    return Buffer.from(this.bytes.buffer, this.bytes.byteOffset + start, end - start).toString("latin1");
  }

  private index(line: string): number {
    if (!/^\d{1,10}$/.test(line)) throw this.corrupt("a memo number is no number");
    return Number(line);
  }

  private textInt(line: string): PyValue {
    if (line === "00") return false;
    if (line === "01") return true;
    return this.textLong(line);
  }

  private textLong(line: string): PyValue {
    const digits = line.endsWith("L") ? line.slice(0, -1) : line;
    if (!/^-?\d+$/.test(digits) || digits.length > 2 * MAX_INT_BYTES)
      throw this.corrupt("an int is no number");
    return integer(BigInt(digits));
  }

  private long(length: number): PyValue {
    if (length > MAX_INT_BYTES) throw this.corrupt(`an int has ${length} bytes`);
    const start = this.take(length);
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.bytes[start + i]!);
    return integer(BigInt.asIntN(8 * length, value));
  }

  private textFloat(line: string): number {
    const text = line.toLowerCase();
    if (text === "nan" || text === "-nan") return Number.NaN;
    if (text === "inf") return Number.POSITIVE_INFINITY;
    if (text === "-inf") return Number.NEGATIVE_INFINITY;
    const value = Number(text);
    if (text.trim() === "" || Number.isNaN(value)) throw this.corrupt("a float is no number");
    return value;
  }

  /** Python 2's repr of a str. */
  private quoted(line: string): string {
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
  private rawUnicode(line: string): string {
    return line.replace(/\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})/g, (_, four?: string, eight?: string) => {
      const code = Number.parseInt(four ?? eight ?? "", 16);
      if (code > 0x10ffff) throw this.corrupt("a character is beyond Unicode");
      return String.fromCodePoint(code);
    });
  }

  private corrupt(what: string): LangchainFolderError {
    return new LangchainFolderError(
      "PICKLE_CORRUPT",
      `${this.name} is not a sound pickle: at byte ${this.at} ${what}.`,
    );
  }

  private refused(what: string): LangchainFolderError {
    return new LangchainFolderError(
      "PICKLE_REFUSED",
      `${this.name} is refused: at byte ${this.at} it asks for ${what}, which no LangChain Annoy index needs. It is read as data; nothing of it was run.`,
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
