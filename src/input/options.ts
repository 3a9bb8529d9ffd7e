// Reads RankOptions into one record of numbers, and holds the words that error messages share.
// Source of the rules: numpy.linalg.matrix_rank (tol, rtol, hermitian), torch.linalg.matrix_rank (atol with rtol).

/**
 * Where the line lies. `tol`, if not NaN, is the absolute tolerance and the two others are unused; otherwise it is
 * max(atol, rtol * sigma_1), rtol NaN meaning the default max(m, n) * eps.
 */
export interface Tolerance {
  readonly tol: number;
  readonly rtol: number;
  readonly atol: number;
  readonly hermitian: boolean;
  /** The storage tolerance, of every type. */
  readonly storage: boolean;
}

const DEFAULT: Tolerance = Object.freeze({
  tol: NaN,
  rtol: NaN,
  atol: 0,
  hermitian: false,
  storage: false,
});
const NAMES = ['tol', 'rtol', 'atol', 'hermitian'];

/**
 * The options of `fn`, checked. An option that is undefined counts as absent. `extra` names what `fn` takes
 * beside RankOptions; their values are left to it.
 */
export function readOptions(fn: string, options?: unknown, extra: readonly string[] = []): Tolerance {
  if (options === undefined) return DEFAULT;
  const given = readRecord(fn, options, [...NAMES, ...extra], '{ tol: 1e-8 }');
  const storage = given.tol === 'storage';
  const tol = storage ? undefined : readTolerance(fn, 'tol', given.tol);
  const rtol = readTolerance(fn, 'rtol', given.rtol);
  const atol = readTolerance(fn, 'atol', given.atol);
  const hermitian = given.hermitian === undefined ? false : given.hermitian;
  if (typeof hermitian !== 'boolean') {
    throw new TypeError(`${fn}: hermitian must be true or false; got ${describe(hermitian)}.`);
  }
  if (tol !== undefined || storage) {
    if (rtol !== undefined || atol !== undefined) {
      const other = rtol !== undefined ? 'rtol' : 'atol';
      throw new TypeError(`${fn}: tol and ${other} exclude each other; pass tol alone, or atol and rtol.`);
    }
    return { tol: tol ?? NaN, rtol: NaN, atol: 0, hermitian, storage };
  }
  if (atol !== undefined) return { tol: NaN, rtol: rtol ?? 0, atol, hermitian, storage };
  if (rtol !== undefined || hermitian) return { tol: NaN, rtol: rtol ?? NaN, atol: 0, hermitian, storage };
  return DEFAULT;
}

/** The options as a record in which nothing but `names` is set; `example` is one. */
export function readRecord(
  fn: string,
  options: unknown,
  names: readonly string[],
  example: string,
): Record<string, unknown> {
  if (options === undefined) return {};
  if (
    typeof options !== 'object' ||
    options === null ||
    Array.isArray(options) ||
    ArrayBuffer.isView(options)
  ) {
    // A tolerance on its own, as other libraries take it.
    const tolerance = typeof options === 'number' && example.startsWith('{ tol:');
    const such = tolerance ? `{ tol: ${short(options as number)} }` : example;
    throw new TypeError(`${fn}: options must be an object, such as ${such}; got ${describe(options)}.`);
  }
  const given = options as Record<string, unknown>;
  for (const name of Object.keys(given)) {
    if (given[name] === undefined || names.includes(name)) continue;
    const valid = names.length === 1 ? `the only one is ${names[0]}` : `the options are ${names.join(', ')}`;
    throw new TypeError(`${fn}: there is no option ${JSON.stringify(name)}; ${valid}.`);
  }
  return given;
}

/** 1e-5 rather than 0.00001. */
function short(x: number): string {
  const [plain, power] = [String(x), x.toExponential()];
  return power.length < plain.length ? power : plain;
}

function readTolerance(fn: string, name: string, value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'number') {
    const words = name === 'tol' ? " or 'storage'" : '';
    const got = typeof value === 'string' ? `'${value}'` : describe(value);
    throw new TypeError(`${fn}: ${name} must be a number${words}; got ${got}.`);
  }
  if (!(value >= 0)) throw new RangeError(`${fn}: ${name} must be 0 or more; got ${value}.`);
  return value;
}

/** What a value is, in a few words for an error message: "a string", "null", "an object with keys a, b". */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'bigint') return 'a BigInt';
  if (typeof value !== 'object') return `a ${typeof value}`;
  const proto = Object.getPrototypeOf(value);
  if (value instanceof Object.getPrototypeOf(Uint8Array) && !ArrayBuffer.isView(value))
    return 'a Proxy of a typed array';
  const name = proto === null ? 'Object' : proto.constructor?.name;
  if (typeof name === 'string' && name !== '' && name !== 'Object') {
    return `${/^[AEIOU]/i.test(name) && !name.startsWith('Ui') ? 'an' : 'a'} ${name}`;
  }
  const keys = Object.keys(value);
  if (keys.length === 0) return 'an object without keys';
  const shown = keys.slice(0, 5).join(', ') + (keys.length > 5 ? ', ...' : '');
  return `an object with key${keys.length === 1 ? '' : 's'} ${shown}`;
}
