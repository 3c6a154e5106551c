import { numpyDtype, numpyScalar } from "./numpy.ts";
import { PyGlobal, PyObject, PyTuple, type PyValue } from "./values.ts";

/** Data that replaces a call of an allowed name; undefined when the arguments do not fit. */
type Stand = (args: readonly PyValue[]) => PyValue | undefined;

const inert =
  (name: string): Stand =>
  (args) =>
    new PyObject(name, args);

/** The names that LangChain's stores and plain Python values pickle, with what each becomes. Nothing else is known. */
const ALLOWED = new Map<string, Stand>();

for (const module of ["langchain_community.docstore.in_memory", "langchain.docstore.in_memory"]) {
  ALLOWED.set(`${module}.InMemoryDocstore`, inert("InMemoryDocstore"));
}
for (const module of [
  "langchain_core.documents.base",
  "langchain_core.documents",
  "langchain.schema",
  "langchain.schema.document",
  "langchain.docstore.document",
]) {
  ALLOWED.set(`${module}.Document`, inert("Document"));
}
for (const name of ["ConfigParser", "SectionProxy", "ConverterMapping", "BasicInterpolation"]) {
  ALLOWED.set(`configparser.${name}`, inert(name));
}
// The parser's bound methods and its regular expression: kept as what they are, never used.
ALLOWED.set("builtins.getattr", inert("getattr"));
ALLOWED.set("functools.partial", inert("partial"));
ALLOWED.set("re._compile", inert("pattern"));

const list: Stand = ([items]) => (items === undefined ? [] : iterate(items));
ALLOWED.set("builtins.list", list);
ALLOWED.set("builtins.tuple", ([items]) => new PyTuple(items === undefined ? [] : (iterate(items) ?? [])));
const set: Stand = ([items]) => new Set(items === undefined ? [] : iterate(items));
ALLOWED.set("builtins.set", set);
ALLOWED.set("builtins.frozenset", set);
ALLOWED.set("builtins.object", () => new PyObject("object", []));
const bytes: Stand = ([value]) => (value === undefined ? new Uint8Array(0) : asBytes(value));
ALLOWED.set("builtins.bytes", bytes);
ALLOWED.set("builtins.bytearray", bytes);
const dict: Stand = ([items]) => (items === undefined ? new Map() : asMap(items));
ALLOWED.set("builtins.dict", dict);
ALLOWED.set("collections.OrderedDict", dict);
ALLOWED.set("collections.defaultdict", () => new Map());
// Protocols 0 to 2 write bytes as text in Latin-1.
ALLOWED.set("_codecs.encode", ([text, encoding]) =>
  typeof text === "string" && encoding === "latin1"
    ? Uint8Array.from(Buffer.from(text, "latin1"))
    : undefined,
);
// Protocols 0 and 1 make objects by these; the class was checked when it was named.
const reconstruct: Stand = ([cls]) => (cls instanceof PyGlobal ? call(cls.name, []) : undefined);
ALLOWED.set("copyreg._reconstructor", reconstruct);
ALLOWED.set("copyreg.__newobj__", ([cls, ...args]) =>
  cls instanceof PyGlobal ? call(cls.name, args) : undefined,
);

ALLOWED.set("datetime.datetime", ([packed, zone]) => {
  const b = packed === undefined ? undefined : asBytes(packed);
  if (b?.length !== 10) return undefined;
  const suffix = zone === undefined || zone === null ? "" : zoneSuffix(zone);
  if (suffix === undefined) return undefined;
  return `${dateOf(b)}T${timeOf(b.subarray(4))}${suffix}`;
});
ALLOWED.set("datetime.date", ([packed]) => {
  const b = packed === undefined ? undefined : asBytes(packed);
  return b?.length === 4 ? dateOf(b) : undefined;
});
ALLOWED.set("datetime.time", ([packed]) => {
  const b = packed === undefined ? undefined : asBytes(packed);
  return b?.length === 6 ? timeOf(b) : undefined;
});
ALLOWED.set("datetime.timedelta", ([days, seconds, micros]) => {
  const total = Number(days ?? 0) * 86_400 + Number(seconds ?? 0) + Number(micros ?? 0) / 1e6;
  return Number.isFinite(total) ? total : undefined;
});
ALLOWED.set("datetime.timezone", inert("timezone"));
ALLOWED.set("uuid.UUID", inert("UUID"));
ALLOWED.set("uuid.SafeUUID", () => null);
ALLOWED.set("decimal.Decimal", ([text]) => (typeof text === "string" ? text : undefined));
for (const name of [
  "PosixPath",
  "PurePosixPath",
  "WindowsPath",
  "PureWindowsPath",
  "_local.PosixPath",
  "_local.PurePosixPath",
  "_local.WindowsPath",
  "_local.PureWindowsPath",
]) {
  ALLOWED.set(`pathlib.${name}`, (parts) => joinPath(parts, name.includes("Windows") ? "\\" : "/"));
}
for (const module of ["numpy.core.multiarray", "numpy._core.multiarray"]) {
  ALLOWED.set(`${module}.scalar`, numpyScalar);
}
ALLOWED.set("numpy.dtype", numpyDtype);

/** Python 2's names for modules, which protocols 0 to 2 use. */
const RENAMED: ReadonlyMap<string, string> = new Map([
  ["__builtin__", "builtins"],
  ["copy_reg", "copyreg"],
  ["ConfigParser", "configparser"],
]);

/** The full name under which something is allowed, or undefined. */
export function allowedName(module: string, name: string): string | undefined {
  const full = `${RENAMED.get(module) ?? module}.${name}`;
  return ALLOWED.has(full) ? full : undefined;
}

/** Returns the data that replaces a call of an allowed name; undefined when it cannot take these arguments. */
export function call(name: string, args: readonly PyValue[]): PyValue | undefined {
  return ALLOWED.get(name)?.(args);
}

function iterate(value: PyValue): PyValue[] | undefined {
  if (Array.isArray(value)) return [...value];
  if (value instanceof PyTuple) return [...value.items];
  return value instanceof Set ? [...value] : undefined;
}

function asBytes(value: PyValue): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value;
  // Python 2 wrote str where Python 3 writes bytes.
  if (typeof value === "string") return Uint8Array.from(Buffer.from(value, "latin1"));
  return undefined;
}

function asMap(value: PyValue): Map<PyValue, PyValue> | undefined {
  if (value instanceof Map) return new Map(value);
  const map = new Map<PyValue, PyValue>();
  for (const pair of iterate(value) ?? []) {
    const [key, item, ...more] = iterate(pair) ?? [];
    if (key === undefined || item === undefined || more.length > 0) return undefined;
    map.set(key, item);
  }
  return map;
}

function two(n: number): string {
  return String(n).padStart(2, "0");
}

function dateOf(b: Uint8Array): string {
  const year = String(b[0]! * 256 + b[1]!).padStart(4, "0");
  return `${year}-${two(b[2]! & 0x7f)}-${two(b[3]!)}`;
}

function timeOf(b: Uint8Array): string {
  const micros = b[3]! * 65_536 + b[4]! * 256 + b[5]!;
  const fraction = micros === 0 ? "" : `.${String(micros).padStart(6, "0")}`;
  return `${two(b[0]! & 0x7f)}:${two(b[1]!)}:${two(b[2]!)}${fraction}`;
}

/** `+02:00` of a fixed offset, as Python's isoformat writes it. */
function zoneSuffix(zone: PyValue): string | undefined {
  if (!(zone instanceof PyObject) || zone.name !== "timezone") return undefined;
  const seconds = zone.args[0];
  if (typeof seconds !== "number") return undefined;
  const total = Math.abs(Math.trunc(seconds));
  const rest = total % 60 === 0 ? "" : `:${two(total % 60)}`;
  return `${seconds < 0 ? "-" : "+"}${two(Math.floor(total / 3600))}:${two(Math.floor(total / 60) % 60)}${rest}`;
}

function joinPath(parts: readonly PyValue[], separator: string): string | undefined {
  if (!parts.every((part) => typeof part === "string")) return undefined;
  return parts
    .map((part, i) => (i < parts.length - 1 && part.endsWith(separator) ? part.slice(0, -1) : part))
    .join(separator);
}
