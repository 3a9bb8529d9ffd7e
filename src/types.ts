// The public types: what callers pass in, what comes back. Section order: arrays, matrices, options, reports.

/** Elements of a matrix. Integers are decided in float64; float16 in float32. */
export type NumericArray =
  | Float64Array
  | Float32Array
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | readonly number[];
// Float16Array joins where the engine has it; see input.ts.
