// One table of element types for all readers: our name, and what NumPy and PyTorch call it.
// Source: numpy.dtype's type codes, ml_dtypes, torch.dtype and torch/storage.py.

interface Type {
  /** numpy.dtype's kind and bytes, its one-letter code, its names. */
  numpy?: string;
  /** torch.dtype's names without 'torch.'. */
  torch?: string;
  /** torch's storage class. */
  storage?: string;
}

const TYPES: Readonly<Record<string, Type>> = {
  float64: { numpy: 'f8 d float64 double float float_', torch: 'float64 double', storage: 'DoubleStorage' },
  float32: { numpy: 'f4 f float32 single', torch: 'float32 float', storage: 'FloatStorage' },
  float16: { numpy: 'f2 e float16 half', torch: 'float16 half', storage: 'HalfStorage' },
  bfloat16: { numpy: 'bfloat16', torch: 'bfloat16', storage: 'BFloat16Storage' },
  float8_e4m3: { numpy: 'float8_e4m3fn', torch: 'float8_e4m3fn', storage: 'Float8_e4m3fnStorage' },
  float8_e5m2: { numpy: 'float8_e5m2', torch: 'float8_e5m2', storage: 'Float8_e5m2Storage' },
  float8_e4m3fnuz: { numpy: 'float8_e4m3fnuz', torch: 'float8_e4m3fnuz' },
  float8_e5m2fnuz: { numpy: 'float8_e5m2fnuz', torch: 'float8_e5m2fnuz' },
  float8_e8m0: { numpy: 'float8_e8m0fnu', torch: 'float8_e8m0fnu' },
  complex64: { numpy: 'c8 F complex64 csingle', torch: 'complex64 cfloat', storage: 'ComplexFloatStorage' },
  complex128: {
    numpy: 'c16 D complex128 cdouble complex complex_',
    torch: 'complex128 cdouble',
    storage: 'ComplexDoubleStorage',
  },
  int8: { numpy: 'i1 b int8 byte', torch: 'int8', storage: 'CharStorage' },
  int16: { numpy: 'i2 h int16 short', torch: 'int16 short', storage: 'ShortStorage' },
  int32: { numpy: 'i4 i int32 intc', torch: 'int32 int', storage: 'IntStorage' },
  int64: { numpy: 'i8 q l p int64 longlong long int int_ intp', torch: 'int64 long', storage: 'LongStorage' },
  uint8: { numpy: 'u1 B uint8 ubyte', torch: 'uint8', storage: 'ByteStorage' },
  uint16: { numpy: 'u2 H uint16 ushort', torch: 'uint16' },
  uint32: { numpy: 'u4 I uint32 uintc', torch: 'uint32' },
  uint64: { numpy: 'u8 Q L P uint64 ulonglong ulong uint uintp', torch: 'uint64' },
  bool: { numpy: 'b1 ? bool bool_', torch: 'bool', storage: 'BoolStorage' },
};

const tables = new Map<keyof Type, Map<string, string>>();

function lookUp(column: keyof Type, name: string): string | undefined {
  let table = tables.get(column);
  if (table === undefined) {
    table = new Map(
      Object.entries(TYPES).flatMap(([dtype, names]) =>
        (names[column]?.split(' ') ?? []).map((name): [string, string] => [name, dtype]),
      ),
    );
    tables.set(column, table);
  }
  return table.get(name);
}

/** What a numpy.dtype string stands for, its byte order apart: 'f8', 'd', '?', 'float32', 'bfloat16'. */
export const fromNumpy = (name: string) => lookUp('numpy', name);
/** The same of a torch.dtype's name, with 'torch.' or without; of one that is not known the name itself. */
export const fromTorch = (name: string) => {
  const short = name.replace(/^torch\./, '');
  return lookUp('torch', short) ?? short;
};
/** The same of a storage class. */
export const fromStorage = (name: string) => lookUp('storage', name) ?? name;

export const isComplex = (dtype: string) => dtype === 'complex64' || dtype === 'complex128';
