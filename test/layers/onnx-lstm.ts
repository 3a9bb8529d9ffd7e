// An ONNX model of one LSTM operator, written by hand: enough to ask onnxruntime what its answer is.
// Source of the field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
import { PbfWriter } from 'pbf';

export interface LstmModel {
  /** [directions, 4 units, features] */
  W: Float32Array;
  /** [directions, 4 units, units] */
  R: Float32Array;
  /** [directions, 8 units] */
  B?: Float32Array;
  directions: 1 | 2;
  features: number;
  units: number;
}

/** A field of a protobuf message: its number, and an integer, a text, bytes, or the fields of a message. */
type Field = [number, number | string | Uint8Array | Field[]];

/** X [time, batch, features] in, Y [time, directions, batch, units] out; the weights are in the model. */
export function lstmModel({ W, R, B, directions, features, units }: LstmModel): Uint8Array {
  const weights: Field[] = [
    [5, tensor('W', [directions, 4 * units, features], W)], // GraphProto.initializer
    [5, tensor('R', [directions, 4 * units, units], R)],
  ];
  if (B) weights.push([5, tensor('B', [directions, 8 * units], B)]);
  const names: Field[] = ['X', 'W', 'R', ...(B ? ['B'] : [])].map((name) => [1, name]); // NodeProto.input
  const direction = new TextEncoder().encode(directions === 2 ? 'bidirectional' : 'forward');
  const node: Field[] = [
    ...names,
    [2, 'Y'], // output
    [4, 'LSTM'], // op_type
    [
      5,
      [
        [1, 'hidden_size'],
        [3, units],
        [20, 2],
      ],
    ], // attribute: name, i, type INT
    [
      5,
      [
        [1, 'direction'],
        [4, direction],
        [20, 3],
      ],
    ], // attribute: name, s, type STRING
  ];
  const graph: Field[] = [
    [1, node],
    [2, 'lstm'], // name
    ...weights,
    [11, valueInfo('X', ['time', 'batch', features])], // input
    [12, valueInfo('Y', ['time', directions, 'batch', units])], // output
  ];
  // ModelProto: ir_version, graph, opset_import { version }.
  const pbf = new PbfWriter();
  write(pbf, [
    [1, 8],
    [7, graph],
    [8, [[2, 14]]],
  ]);
  return pbf.finish();
}

const FLOAT = 1;

/** TensorProto: dims, data_type, name, raw_data. */
function tensor(name: string, dims: number[], data: Float32Array): Field[] {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return [...dims.map((dim): Field => [1, dim]), [2, FLOAT], [8, name], [9, bytes]];
}

/** ValueInfoProto: name, type { tensor_type { elem_type, shape { dim { dim_value | dim_param } } } }. */
function valueInfo(name: string, dims: (number | string)[]): Field[] {
  const shape = dims.map((dim): Field => [1, [[typeof dim === 'number' ? 1 : 2, dim]]]);
  return [
    [1, name],
    [
      2,
      [
        [
          1,
          [
            [1, FLOAT],
            [2, shape],
          ],
        ],
      ],
    ],
  ];
}

function write(pbf: PbfWriter, fields: Field[]): void {
  for (const [tag, value] of fields) {
    if (typeof value === 'number') pbf.writeVarintField(tag, value);
    else if (typeof value === 'string') pbf.writeStringField(tag, value);
    else if (value instanceof Uint8Array) pbf.writeBytesField(tag, value);
    else pbf.writeMessage(tag, (message: Field[], inner) => write(inner, message), value);
  }
}
