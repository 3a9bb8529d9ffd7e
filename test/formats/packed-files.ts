// Small files of packed weights, one of each kind that is decoded: what fuzzing begins with.
import {
  bytesOf,
  gguf,
  intAttribute,
  onnxGraph,
  onnxModel,
  onnxNode,
  onnxTensor,
  type SafetensorSpec,
  safetensors,
  utf8,
} from './write.js';
import { torch } from './write-torch.js';

const SIZES: Record<string, number> = { F32: 4, I32: 4, U32: 4, I64: 8 };
const of = (dtype: string, ...shape: number[]): SafetensorSpec => ({
  dtype,
  shape,
  data: Uint8Array.from(
    { length: shape.reduce((a, b) => a * b, SIZES[dtype] ?? 1) },
    (_, i) => (i * 29 + 3) & 63,
  ),
});
const ones = (...shape: number[]): SafetensorSpec => ({
  dtype: 'F32',
  shape,
  data: bytesOf(new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(0.5)),
});
const whole = (...values: number[]): SafetensorSpec => ({
  dtype: 'I64',
  shape: [values.length],
  data: bytesOf(BigInt64Array.from(values, BigInt)),
});
const state = utf8(
  '{"quant_type":"nf4","blocksize":64,"shape":[8,16],"nested_blocksize":2,"nested_offset":0}',
);

const MODELS: Record<string, Record<string, SafetensorSpec>> = {
  'fp8-blocks': { 'a.weight': of('F8_E4M3', 6, 8), 'a.weight_scale_inv': ones(3, 2) },
  'int8-rows': { 'a.weight': of('I8', 6, 8), 'a.weight_scale': ones(6), 'a.weight_zero_point': of('I8', 6) },
  'bnb-int8': { 'a.weight': of('I8', 6, 8), 'a.SCB': ones(6) },
  'bnb-nf4': {
    'a.weight': of('U8', 64, 1),
    'a.weight.absmax': of('U8', 2),
    'a.weight.quant_map': ones(16),
    'a.weight.nested_absmax': ones(1),
    'a.weight.nested_quant_map': ones(256),
    'a.weight.quant_state.bitsandbytes__nf4': { dtype: 'U8', shape: [state.length], data: state },
  },
  gptq: {
    'a.qweight': of('I32', 4, 8),
    'a.qzeros': of('I32', 2, 1),
    'a.scales': ones(2, 8),
    'a.g_idx': { ...of('I32', 32), data: bytesOf(Int32Array.from({ length: 32 }, (_, i) => i % 2)) },
  },
  awq: { 'a.qweight': of('I32', 8, 2), 'a.qzeros': of('I32', 2, 2), 'a.scales': ones(2, 16) },
  mlx: { 'a.weight': of('U32', 3, 8), 'a.scales': ones(3, 1), 'a.biases': ones(3, 1) },
  mxfp4: { a_blocks: of('U8', 2, 3, 2, 16), a_scales: of('U8', 2, 3, 2) },
  nvfp4: { 'a.weight': of('U8', 3, 16), 'a.weight_scale': of('F8_E4M3', 3, 2), 'a.weight_scale_2': ones(1) },
  packed: {
    'a.weight_packed': of('I32', 8, 2),
    'a.weight_scale': ones(8, 2),
    'a.weight_zero_point': of('I32', 1, 2),
    'a.weight_shape': whole(8, 16),
  },
  lora: { 'a.lora_A.weight': ones(2, 6), 'a.lora_B.weight': ones(5, 2) },
};

/** Several models in one file, under names of their own. */
const together = (...names: string[]) =>
  Object.fromEntries(
    names.flatMap((name) => Object.entries(MODELS[name]).map(([key, part]) => [`${name}.${key}`, part])),
  );

/** ggml types with the bytes of their blocks. */
const BLOCKS = [
  ...[
    [2, 32, 18],
    [3, 32, 20],
    [6, 32, 22],
    [7, 32, 24],
    [8, 32, 34],
    [20, 32, 18],
    [39, 32, 17],
  ],
  ...[
    [10, 256, 84],
    [11, 256, 110],
    [12, 256, 144],
    [13, 256, 176],
    [14, 256, 210],
    [23, 256, 136],
  ],
];

const codes = (n: number) => of('U8', n).data;
const { data: scales } = ones(8);
const sizes = Object.entries({ N: 2, K: 64, bits: 4, block_size: 32 }).map(([name, n]) =>
  intAttribute(name, n),
);

export const PACKED: Readonly<Record<string, Uint8Array>> = {
  'scaled.safetensors': safetensors(together('fp8-blocks', 'int8-rows', 'bnb-int8', 'lora')),
  'words.safetensors': safetensors(together('gptq', 'awq', 'mlx', 'packed')),
  'fours.safetensors': safetensors(together('bnb-nf4', 'mxfp4', 'nvfp4')),
  'packed.pt': torch(together('fp8-blocks', 'gptq', 'lora')),
  'blocks.gguf': gguf(
    BLOCKS.map(([type, size, bytes], i) => ({
      name: `b${i}`,
      dims: [size, 2],
      type,
      data: codes(2 * bytes),
    })),
    [],
  ),
  'codes.onnx': onnxModel(
    onnxGraph(
      [
        onnxNode({ op: 'DequantizeLinear', inputs: ['w', 's', 'z'], outputs: ['y'] }),
        onnxNode({ op: 'DequantizeLinear', inputs: ['f', 's'], outputs: ['g'] }),
        onnxNode({ op: 'MatMulNBits', inputs: ['x', 'n', 't'], outputs: ['u'], attributes: sizes }),
      ],
      [
        onnxTensor({ name: 'w', dims: [6, 8], type: 3, raw: codes(48) }),
        onnxTensor({ name: 'f', dims: [6, 8], type: 21, raw: codes(24) }),
        onnxTensor({ name: 's', dims: [8], type: 1, raw: scales }),
        onnxTensor({ name: 'z', dims: [8], type: 3, raw: codes(8) }),
        onnxTensor({ name: 'n', dims: [2, 2, 16], type: 2, raw: codes(64) }),
        onnxTensor({ name: 't', dims: [4], type: 1, raw: scales.slice(0, 16) }),
      ],
    ),
  ),
};
