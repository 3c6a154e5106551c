/**
 * Writes pickles of protocol 4: the values of JSON, and objects made by naming their class. Frames, which only speed up
 * reading, are left out. Bytes are collected in parts, so that large docstores are never copied together.
 */
export class PickleWriter {
  private readonly parts: Uint8Array[] = [];
  private buffer = Buffer.allocUnsafe(1 << 16);
  private length = 0;
  /** Texts that were written before, by what they are remembered as. */
  private readonly memo = new Map<string, number>();
  private readonly globals = new Map<string, number>();
  private remembered = 0;

  constructor() {
    this.bytes(0x80, 4); // PROTO
  }

  /** Any value of JSON; whole numbers become ints, other numbers floats. */
  value(value: unknown): void {
    if (value === null || value === undefined)
      this.bytes(0x4e); // NONE
    else if (typeof value === "boolean")
      this.bytes(value ? 0x88 : 0x89); // NEWTRUE, NEWFALSE
    else if (typeof value === "number") this.number(value);
    else if (typeof value === "string") this.text(value);
    else if (Array.isArray(value)) this.list(value);
    else this.dict(Object.entries(value as Record<string, unknown>)); // nothing else comes out of JSON
  }

  number(value: number): void {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) {
      this.reserve(9);
      this.buffer[this.length] = 0x47; // BINFLOAT
      this.buffer.writeDoubleBE(value, this.length + 1);
      this.length += 9;
    } else if (value >= -0x8000_0000 && value <= 0x7fff_ffff) {
      this.reserve(5);
      this.buffer[this.length] = 0x4a; // BININT
      this.buffer.writeInt32LE(value, this.length + 1);
      this.length += 5;
    } else {
      this.reserve(10);
      this.buffer[this.length] = 0x8a; // LONG1
      this.buffer[this.length + 1] = 8;
      this.buffer.writeBigInt64LE(BigInt(value), this.length + 2);
      this.length += 10;
    }
  }

  /** Short texts are written once and remembered: keys and sources recur in every document. */
  text(value: string): void {
    const known = this.memo.get(value);
    if (known !== undefined) {
      this.recall(known);
      return;
    }
    const utf8 = encodeText(value);
    if (utf8.length < 256)
      this.bytes(0x8c, utf8.length); // SHORT_BINUNICODE
    else {
      this.reserve(9);
      const wide = utf8.length > 0xffff_ffff;
      this.buffer[this.length] = wide ? 0x8d : 0x58; // BINUNICODE8, BINUNICODE
      if (wide) this.buffer.writeBigUInt64LE(BigInt(utf8.length), this.length + 1);
      else this.buffer.writeUInt32LE(utf8.length, this.length + 1);
      this.length += wide ? 9 : 5;
    }
    this.raw(utf8);
    if (value.length <= 100) this.memo.set(value, this.memoize());
  }

  list(items: readonly unknown[]): void {
    this.bytes(0x5d, 0x28); // EMPTY_LIST, MARK
    for (const item of items) this.value(item);
    this.bytes(0x65); // APPENDS
  }

  dict(entries: Iterable<readonly [string, unknown]>): void {
    this.beginDict();
    for (const [key, value] of entries) {
      this.text(key);
      this.value(value);
    }
    this.endDict();
  }

  /** Between these two, keys and values follow each other. */
  beginDict(): void {
    this.bytes(0x7d, 0x28); // EMPTY_DICT, MARK
  }

  endDict(): void {
    this.bytes(0x75); // SETITEMS
  }

  set(texts: readonly string[]): void {
    this.bytes(0x8f, 0x28); // EMPTY_SET, MARK
    for (const text of texts) this.text(text);
    this.bytes(0x90); // ADDITEMS
  }

  /** Names a class. */
  global(module: string, name: string): void {
    const key = `${module}.${name}`;
    const known = this.globals.get(key);
    if (known !== undefined) {
      this.recall(known);
      return;
    }
    this.text(module);
    this.text(name);
    this.bytes(0x93); // STACK_GLOBAL
    this.globals.set(key, this.memoize());
  }

  /** An object of a class, made without calling its constructor; its state follows, then {@link build}. */
  newObject(module: string, name: string): void {
    this.global(module, name);
    this.bytes(0x29, 0x81); // EMPTY_TUPLE, NEWOBJ
  }

  emptyTuple(): void {
    this.bytes(0x29);
  }

  /** Joins the last one, two or three values to a tuple. */
  tuple(count: 1 | 2 | 3): void {
    this.bytes(0x84 + count); // TUPLE1, TUPLE2, TUPLE3
  }

  /** Calls the class before last with the tuple that came last. */
  reduce(): void {
    this.bytes(0x52);
  }

  build(): void {
    this.bytes(0x62);
  }

  /** Remembers the last value. */
  memoize(): number {
    this.bytes(0x94);
    return this.remembered++;
  }

  recall(index: number): void {
    if (index < 256)
      this.bytes(0x68, index); // BINGET
    else {
      this.reserve(5);
      this.buffer[this.length] = 0x6a; // LONG_BINGET
      this.buffer.writeUInt32LE(index, this.length + 1);
      this.length += 5;
    }
  }

  /** Ends the pickle and returns its parts. */
  finish(): Uint8Array[] {
    this.bytes(0x2e); // STOP
    this.flush();
    return this.parts;
  }

  private bytes(first: number, second?: number): void {
    this.reserve(2);
    this.buffer[this.length++] = first;
    if (second !== undefined) this.buffer[this.length++] = second;
  }

  private raw(bytes: Uint8Array): void {
    if (bytes.length > 1 << 15) {
      this.flush();
      this.parts.push(bytes);
      return;
    }
    this.reserve(bytes.length);
    this.buffer.set(bytes, this.length);
    this.length += bytes.length;
  }

  private reserve(more: number): void {
    if (this.length + more > this.buffer.length) this.flush();
  }

  private flush(): void {
    if (this.length === 0) return;
    this.parts.push(this.buffer.subarray(0, this.length));
    this.buffer = Buffer.allocUnsafe(1 << 16);
    this.length = 0;
  }
}

/** UTF-8; lone surrogates like other characters, which is how Python pickles them. */
function encodeText(text: string): Uint8Array {
  if (text.isWellFormed()) return Buffer.from(text, "utf8");
  const parts: Uint8Array[] = [];
  for (const character of text) {
    const code = character.codePointAt(0)!;
    const surrogate = code >= 0xd800 && code <= 0xdfff;
    parts.push(
      surrogate
        ? Uint8Array.of(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f))
        : Buffer.from(character, "utf8"),
    );
  }
  return Buffer.concat(parts);
}
