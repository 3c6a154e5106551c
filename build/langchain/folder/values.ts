/**
 * Python values as inert data. None is null, bool boolean, int a number where it is safe and a bigint beyond, float a
 * number, str a string, bytes a Uint8Array, list an array, dict a Map, set a Set; the rest are the classes below.
 */
export type PyValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PyValue[]
  | Map<PyValue, PyValue>
  | Set<PyValue>
  | PyTuple
  | PyGlobal
  | PyObject;

export class PyTuple {
  readonly items: readonly PyValue[];

  constructor(items: readonly PyValue[]) {
    this.items = items;
  }
}

/** A class or function that the pickle names: its name, nothing else. */
export class PyGlobal {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** Call of an allowed name with its arguments. Never run. */
export class PyObject {
  readonly name: string;
  readonly args: readonly PyValue[];
  state: PyValue = null;

  constructor(name: string, args: readonly PyValue[]) {
    this.name = name;
    this.args = args;
  }
}
