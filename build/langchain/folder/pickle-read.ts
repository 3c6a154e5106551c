import { allowedName, call } from "./allowed.ts";
import { LangchainFolderError } from "./errors.ts";
import { PickleBytes } from "./pickle-bytes.ts";
import { PyGlobal, PyObject, PyTuple, type PyValue } from "./values.ts";

const HIGHEST_PROTOCOL = 5;

const MARK = Symbol("mark");
type Slot = PyValue | typeof MARK;

/**
 * Reads a pickle of protocol 0 to 5 as data: an interpreter of its opcodes that builds inert values and knows only the
 * names of an allow-list. Nothing is imported, called or run. Time and memory are proportional to the bytes.
 *
 * @throws LangchainFolderError `PICKLE_REFUSED` naming what is not allowed, `PICKLE_CORRUPT` with the byte,
 *   `PICKLE_TOO_LARGE`
 */
export function readPickle(bytes: Uint8Array, name = "The pickle"): PyValue {
  return new PickleReader(new PickleBytes(bytes, name)).read();
}

/** Paths and dates of documents share their parts: what calls may copy is bounded well above that. */
const COPIES_A_BYTE = 32;
const LEAST_COPIES = 1 << 20;
const REFERENCE_BYTES = 8;

/** About how many bytes a copy of a value takes, without what it refers to. */
function sizeOf(value: PyValue): number {
  if (typeof value === "string" || value instanceof Uint8Array) return value.length;
  if (Array.isArray(value)) return REFERENCE_BYTES * value.length;
  if (value instanceof PyTuple) return REFERENCE_BYTES * value.items.length;
  // A table beside the entries.
  return value instanceof Map || value instanceof Set ? 6 * REFERENCE_BYTES * value.size : 0;
}

type Read = (source: PickleBytes) => PyValue;

/** Opcodes of numbers, text and bytes. */
const VALUES: ReadonlyMap<number, Read> = new Map<number, Read>([
  [0x4e, () => null], // NONE
  [0x88, () => true], // NEWTRUE
  [0x89, () => false], // NEWFALSE
  [0x49, (from) => from.textInt(from.line())], // INT
  [0x4c, (from) => from.textLong(from.line())], // LONG
  [0x4a, (from) => from.i32()], // BININT
  [0x4b, (from) => from.u8()], // BININT1
  [0x4d, (from) => from.view.getUint16(from.take(2), true)], // BININT2
  [0x8a, (from) => from.long(from.u8())], // LONG1
  [0x8b, (from) => from.long(from.i32())], // LONG4
  [0x46, (from) => from.textFloat(from.line())], // FLOAT
  [0x47, (from) => from.view.getFloat64(from.take(8))], // BINFLOAT
  [0x53, (from) => from.quoted(from.line())], // STRING
  [0x54, (from) => from.latin1(from.i32())], // BINSTRING
  [0x55, (from) => from.latin1(from.u8())], // SHORT_BINSTRING
  [0x56, (from) => from.rawUnicode(from.line())], // UNICODE
  [0x58, (from) => from.text(from.u32())], // BINUNICODE
  [0x8c, (from) => from.text(from.u8())], // SHORT_BINUNICODE
  [0x8d, (from) => from.text(from.length8())], // BINUNICODE8
  [0x42, (from) => from.slice(from.u32())], // BINBYTES
  [0x43, (from) => from.slice(from.u8())], // SHORT_BINBYTES
  [0x8e, (from) => from.slice(from.length8())], // BINBYTES8
  [0x96, (from) => from.slice(from.length8())], // BYTEARRAY8
]);

class PickleReader {
  private readonly source: PickleBytes;
  private readonly stack: Slot[] = [];
  private readonly memo = new Map<number, PyValue>();
  /** Bytes that calls may still copy: what is remembered once can be copied by every few bytes that follow. */
  private copies: number;

  constructor(source: PickleBytes) {
    this.source = source;
    this.copies = COPIES_A_BYTE * source.left + LEAST_COPIES;
  }

  read(): PyValue {
    for (;;) {
      const start = this.source.at;
      const opcode = this.source.u8();
      if (opcode === 0x2e) return this.pop(); // STOP
      if (!this.scalar(opcode) && !this.container(opcode) && !this.object(opcode)) {
        this.source.at = start;
        throw this.source.corrupt(`opcode 0x${opcode.toString(16).padStart(2, "0")} is not of a pickle`);
      }
    }
  }

  /** Numbers, text, bytes, and what only moves values about. */
  private scalar(opcode: number): boolean {
    const read = VALUES.get(opcode);
    if (read) return this.push(read(this.source));
    switch (opcode) {
      case 0x80: {
        const protocol = this.source.u8(); // PROTO
        if (protocol > HIGHEST_PROTOCOL) throw this.source.corrupt(`pickle protocol ${protocol} is unknown`);
        return true;
      }
      case 0x95: // FRAME
        if (this.source.length8() > this.source.left)
          throw this.source.corrupt("it ends too early: a frame reaches past the end");
        return true;
      case 0x67: // GET
        return this.push(this.recall(this.source.index(this.source.line())));
      case 0x68: // BINGET
        return this.push(this.recall(this.source.u8()));
      case 0x6a: // LONG_BINGET
        return this.push(this.recall(this.source.u32()));
      case 0x70: // PUT
        return this.remember(this.source.index(this.source.line()));
      case 0x71: // BINPUT
        return this.remember(this.source.u8());
      case 0x72: // LONG_BINPUT
        return this.remember(this.source.u32());
      case 0x94: // MEMOIZE
        return this.remember(this.memo.size);
      case 0x32: // DUP
        return this.push(this.top());
      case 0x30: // POP
        if (this.stack.pop() === undefined) throw this.source.corrupt("the stack is empty");
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
        if (!(set instanceof Set)) throw this.source.corrupt("items are added to what is no set");
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
        return this.push(this.global(this.source.line(), this.source.line()));
      case 0x93: {
        const name = this.pop(); // STACK_GLOBAL
        const module = this.pop();
        if (typeof name !== "string" || typeof module !== "string")
          throw this.source.corrupt("a name is no text");
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
          throw this.source.corrupt("an object has keyword arguments");
        return this.push(this.apply(this.pop(), args));
      }
      case 0x69: {
        const cls = this.global(this.source.line(), this.source.line()); // INST
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
    if (!(args instanceof PyTuple)) throw this.source.corrupt("arguments are no tuple");
    if (!(callable instanceof PyGlobal)) {
      // Calling what getattr would have returned, for one.
      throw this.refused(
        callable instanceof PyObject ? `a call of ${callable.name}'s result` : "a call of a value",
      );
    }
    for (const arg of args.items) this.copies -= sizeOf(arg);
    if (this.copies < 0) {
      throw new LangchainFolderError(
        "PICKLE_TOO_LARGE",
        `${this.source.name} copies its parts so often that it would take many times the file's size.`,
      );
    }
    const made = call(callable.name, args.items);
    if (made === undefined) throw this.refused(`${callable.name} with arguments that no LangChain index has`);
    return made;
  }

  private append(items: PyValue[]): boolean {
    const list = this.top();
    if (!Array.isArray(list)) throw this.source.corrupt("items are appended to what is no list");
    for (const item of items) list.push(item);
    return true;
  }

  private setItems(items: PyValue[]): boolean {
    const map = this.top();
    if (!(map instanceof Map)) throw this.source.corrupt("items are set on what is no dict");
    if (items.length % 2 !== 0) throw this.source.corrupt("a key has no value");
    for (let i = 0; i < items.length; i += 2) map.set(items[i]!, items[i + 1]!);
    return true;
  }

  private push(value: PyValue): boolean {
    this.stack.push(value);
    return true;
  }

  private pop(): PyValue {
    const value = this.stack.pop();
    if (value === undefined || value === MARK) throw this.source.corrupt("the stack has no value");
    return value;
  }

  private top(): PyValue {
    const value = this.stack.at(-1);
    if (value === undefined || value === MARK) throw this.source.corrupt("the stack has no value");
    return value;
  }

  private toMark(): PyValue[] {
    const mark = this.stack.lastIndexOf(MARK);
    if (mark < 0) throw this.source.corrupt("the stack has no mark");
    const items = this.stack.splice(mark);
    items.shift();
    return items as PyValue[]; // behind the last mark there is none
  }

  private recall(index: number): PyValue {
    const value = this.memo.get(index);
    if (value === undefined) throw this.source.corrupt(`nothing is remembered as ${index}`);
    return value;
  }

  private remember(index: number): boolean {
    this.memo.set(index, this.top());
    return true;
  }

  private refused(what: string): LangchainFolderError {
    return new LangchainFolderError(
      "PICKLE_REFUSED",
      `${this.source.name} is refused: at byte ${this.source.at} it asks for ${what}, which no LangChain Annoy index needs. It is read as data; nothing of it was run.`,
    );
  }
}
