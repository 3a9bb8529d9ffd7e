// What cases.json holds, and a reader for its .npy files that shares nothing with the library's.

export interface OracleCase {
  name: string;
  family: string;
  file: string;
  shape: number[];
  dtype: string;
  kind: 'matrix' | 'conv' | 'stack' | 'vector' | 'scalar';
  options: { tol?: number; rtol?: number; atol?: number; hermitian?: boolean };
  tolDtype: 'float32' | 'float64';
  expected: number | number[];
  lo: number | number[];
  hi: number | number[];
  strict: boolean;
  strictEach?: boolean[];
  tol?: number;
  sigma1?: number | null;
  sigmaR?: number | null;
  sigmaR1?: number | null;
}

export interface Cases {
  cases: OracleCase[];
}

/** A little-endian, C-ordered .npy of version 1. */
export function readNpy(bytes: Buffer): { data: Float64Array | Float32Array | Int32Array; shape: number[] } {
  const end = 10 + bytes.readUInt16LE(8);
  const header = bytes.toString('latin1', 10, end);
  const descr = /'descr': '(.*?)'/.exec(header)![1];
  if (!header.includes("'fortran_order': False")) throw new Error('column-major .npy');
  const shape = /\((.*?)\)/
    .exec(header)![1]
    .split(',')
    .filter((x) => x.trim())
    .map(Number);
  const buffer = new Uint8Array(bytes.subarray(end)).buffer;
  if (descr === '<f8') return { data: new Float64Array(buffer), shape };
  if (descr === '<f4') return { data: new Float32Array(buffer), shape };
  if (descr === '<i4') return { data: new Int32Array(buffer), shape };
  throw new Error(`dtype ${descr}`);
}
