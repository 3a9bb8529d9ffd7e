// One table of element types for all readers: our name, and what each format calls it.
// Source: numpy.dtype's type codes, ml_dtypes, torch.dtype and torch/storage.py, safetensors' Dtype, onnx.proto's
// TensorProto.DataType, ggml.h's ggml_type, tensorflow/lite's schema.fbs (TensorType).

/** Types whose elements are bits of a typed array of another name. */
export const BITS = ['float16', 'bfloat16', 'complex64', 'complex128'] as const;
export type Bits = (typeof BITS)[number];

interface Type {
  /** numpy.dtype's kind and bytes, its one-letter code, its names. */
  numpy?: string;
  /** torch.dtype's names without 'torch.'. */
  torch?: string;
  /** torch's storage class. */
  storage?: string;
  safetensors?: string;
  /** Numbers. */
  onnx?: string;
  ggml?: string;
  tflite?: string;
}

const TYPES: Readonly<Record<string, Type>> = {
  float64: {
    ...{ numpy: 'f8 d float64 double float float_', torch: 'float64 double', storage: 'DoubleStorage' },
    ...{ safetensors: 'F64', onnx: '11', ggml: '28', tflite: '10' },
  },
  float32: {
    ...{ numpy: 'f4 f float32 single', torch: 'float32 float', storage: 'FloatStorage' },
    ...{ safetensors: 'F32', onnx: '1', ggml: '0', tflite: '0' },
  },
  float16: {
    ...{ numpy: 'f2 e float16 half', torch: 'float16 half', storage: 'HalfStorage' },
    ...{ safetensors: 'F16', onnx: '10', ggml: '1', tflite: '1' },
  },
  bfloat16: {
    ...{ numpy: 'bfloat16', torch: 'bfloat16', storage: 'BFloat16Storage' },
    ...{ safetensors: 'BF16', onnx: '16', ggml: '30', tflite: '18' },
  },
  float8_e4m3: {
    ...{ numpy: 'float8_e4m3fn', torch: 'float8_e4m3fn', storage: 'Float8_e4m3fnStorage' },
    ...{ safetensors: 'F8_E4M3', onnx: '17' },
  },
  float8_e5m2: {
    ...{ numpy: 'float8_e5m2', torch: 'float8_e5m2', storage: 'Float8_e5m2Storage' },
    ...{ safetensors: 'F8_E5M2', onnx: '19' },
  },
  float8_e4m3fnuz: {
    ...{ numpy: 'float8_e4m3fnuz', torch: 'float8_e4m3fnuz', safetensors: 'F8_E4M3FNUZ', onnx: '18' },
  },
  float8_e5m2fnuz: {
    ...{ numpy: 'float8_e5m2fnuz', torch: 'float8_e5m2fnuz', safetensors: 'F8_E5M2FNUZ', onnx: '20' },
  },
  float8_e8m0: {
    ...{ numpy: 'float8_e8m0fnu', torch: 'float8_e8m0fnu', safetensors: 'F8_E8M0', onnx: '24' },
  },
  float6_e2m3: { safetensors: 'F6_E2M3' },
  float6_e3m2: { safetensors: 'F6_E3M2' },
  float4_e2m1: { torch: 'float4_e2m1fn_x2', safetensors: 'F4', onnx: '23' },
  complex64: {
    ...{ numpy: 'c8 F complex64 csingle', torch: 'complex64 cfloat', storage: 'ComplexFloatStorage' },
    ...{ safetensors: 'C64', onnx: '14', tflite: '8' },
  },
  complex128: {
    ...{ numpy: 'c16 D complex128 cdouble complex complex_', torch: 'complex128 cdouble' },
    ...{ storage: 'ComplexDoubleStorage', onnx: '15', tflite: '11' },
  },
  int8: {
    ...{ numpy: 'i1 b int8 byte', torch: 'int8', storage: 'CharStorage QInt8Storage' },
    ...{ safetensors: 'I8', onnx: '3', ggml: '24', tflite: '9' },
  },
  int16: {
    ...{ numpy: 'i2 h int16 short', torch: 'int16 short', storage: 'ShortStorage' },
    ...{ safetensors: 'I16', onnx: '5', ggml: '25', tflite: '7' },
  },
  int32: {
    ...{ numpy: 'i4 i int32 intc', torch: 'int32 int', storage: 'IntStorage QInt32Storage' },
    ...{ safetensors: 'I32', onnx: '6', ggml: '26', tflite: '2' },
  },
  int64: {
    ...{ numpy: 'i8 q l p int64 longlong long int int_ intp', torch: 'int64 long', storage: 'LongStorage' },
    ...{ safetensors: 'I64', onnx: '7', ggml: '27', tflite: '4' },
  },
  uint8: {
    ...{ numpy: 'u1 B uint8 ubyte', torch: 'uint8', storage: 'ByteStorage QUInt8Storage' },
    ...{ safetensors: 'U8', onnx: '2', tflite: '3' },
  },
  uint16: { numpy: 'u2 H uint16 ushort', torch: 'uint16', safetensors: 'U16', onnx: '4', tflite: '16' },
  uint32: { numpy: 'u4 I uint32 uintc', torch: 'uint32', safetensors: 'U32', onnx: '12', tflite: '15' },
  uint64: {
    ...{ numpy: 'u8 Q L P uint64 ulonglong ulong uint uintp', torch: 'uint64', safetensors: 'U64' },
    ...{ onnx: '13', tflite: '12' },
  },
  bool: {
    ...{ numpy: 'b1 ? bool bool_', torch: 'bool', storage: 'BoolStorage' },
    ...{ safetensors: 'BOOL', onnx: '9', tflite: '6' },
  },
  int4: { onnx: '22', tflite: '17' },
  uint4: { onnx: '21' },
  string: { onnx: '8' },
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
/** The same of a safetensors header's name. */
export const fromSafetensors = (name: string) => lookUp('safetensors', name) ?? name.toLowerCase();
/** The same of a number in an ONNX, GGUF or TFLite file; blocks and what holds no numbers are absent. */
export const fromNumber = (format: 'onnx' | 'ggml' | 'tflite', type: number) => lookUp(format, String(type));

export const isComplex = (dtype: string) => dtype === 'complex64' || dtype === 'complex128';
