// The structure of an ONNX model: its graphs, their nodes, and where each tensor's elements lie. No element is read.
// Fields are numbered as in onnx/onnx.proto; every message that is not needed is stepped over.
import { repeated } from '../../shared/repeated.js';
import { FormatError, quote } from '../errors.js';
import type { ByteSource } from '../source/source.js';
import { type ProtoField, ProtoWalker } from './protobuf.js';

const MAX_DEPTH = 32;
/** Messages and names of the graphs; the largest models have some hundred thousand. */
const MAX_PARTS = 2_000_000;

/** A TensorProto, its elements still in the file. */
export interface OnnxTensor {
  name: string;
  dims: number[];
  /** TensorProto.DataType. */
  type: number;
  /** The message's place in the file. */
  start: number;
  end: number;
  /** The place of raw_data. */
  raw?: [start: number, end: number];
  /** location, offset, length: the elements lie in another file. */
  external?: Map<string, string>;
  segmented?: boolean;
  /** Why the tensor cannot be read. */
  problem?: string;
}

export interface OnnxNode {
  name: string;
  op: string;
  /** '' is ONNX itself. */
  domain: string;
  inputs: string[];
  outputs: string[];
  /** The `value` of a Constant. */
  value?: OnnxTensor;
  /** Attributes that are whole numbers. */
  ints: Map<string, number>;
  graphs: OnnxGraph[];
}

export interface OnnxGraph {
  name: string;
  inputs: string[];
  initializers: OnnxTensor[];
  nodes: OnnxNode[];
}

/** The model's graph, then its local functions as graphs named after them. */
export async function readOnnxGraphs(
  source: ByteSource,
): Promise<{ main: OnnxGraph; functions: OnnxGraph[] }> {
  const reader = new GraphReader(source);
  let main: OnnxGraph | undefined;
  const functions: OnnxGraph[] = [];
  await reader.walker.fields('the model', 0, source.size, async (field) => {
    if (field.number === 7) {
      reader.expectMessage(field, 'graph');
      if (main !== undefined) throw new FormatError(source.name, `a second graph at offset ${field.start}.`);
      main = await reader.graph(field, 0);
    } else if (field.number === 25) {
      reader.expectMessage(field, 'function');
      functions.push(await reader.function(field));
    }
  });
  if (main === undefined)
    throw new FormatError(source.name, 'expected an ONNX model, found no graph (field 7) in it.');
  return { main, functions };
}

class GraphReader {
  readonly walker: ProtoWalker;
  private parts = 0;
  constructor(private readonly source: ByteSource) {
    this.walker = new ProtoWalker(source);
  }

  /** A message of two bytes becomes an object of two hundred: their number is bounded. */
  private count() {
    if (++this.parts > MAX_PARTS) {
      throw new FormatError(
        this.source.name,
        `the graph has more than ${MAX_PARTS} nodes, weights and names.`,
      );
    }
  }

  private text(field: ProtoField): string {
    this.count();
    return this.walker.text(field);
  }

  expectMessage(field: ProtoField, what: string) {
    this.count();
    if (field.type !== 2) {
      throw new FormatError(
        this.source.name,
        `the ${what} at offset ${field.start} has wire type ${field.type}, not 2.`,
      );
    }
  }

  async graph(at: ProtoField, depth: number): Promise<OnnxGraph> {
    if (depth > MAX_DEPTH) {
      throw new FormatError(this.source.name, `graphs nest deeper than ${MAX_DEPTH} at offset ${at.start}.`);
    }
    const graph: OnnxGraph = { name: '', inputs: [], initializers: [], nodes: [] };
    await this.walker.fields('the graph', at.start, at.end, async (field) => {
      if (field.number === 1) graph.nodes.push(await this.node(field, depth));
      else if (field.number === 2) graph.name = this.text(field);
      else if (field.number === 5) graph.initializers.push(await this.tensor(field));
      else if (field.number === 11) graph.inputs.push(await this.valueName(field));
      else if (field.number === 15) graph.initializers.push(await this.sparse(field));
    });
    const twice = repeated(graph.initializers.map(({ name }) => name));
    for (const tensor of graph.initializers) {
      if (twice.has(tensor.name)) tensor.problem = `the graph has the weight ${quote(tensor.name)} twice`;
    }
    return graph;
  }

  async function(at: ProtoField): Promise<OnnxGraph> {
    const graph: OnnxGraph = { name: '', inputs: [], initializers: [], nodes: [] };
    await this.walker.fields('a function', at.start, at.end, async (field) => {
      if (field.number === 1) graph.name = this.text(field);
      else if (field.number === 4) graph.inputs.push(this.text(field));
      else if (field.number === 7) graph.nodes.push(await this.node(field, 1));
    });
    return graph;
  }

  private async valueName(at: ProtoField): Promise<string> {
    this.expectMessage(at, 'input');
    let name = '';
    await this.walker.fields('an input', at.start, at.end, (field) => {
      if (field.number === 1) name = this.text(field);
    });
    return name;
  }

  private async node(at: ProtoField, depth: number): Promise<OnnxNode> {
    this.expectMessage(at, 'node');
    const node: OnnxNode = {
      name: '',
      op: '',
      domain: '',
      inputs: [],
      outputs: [],
      ints: new Map(),
      graphs: [],
    };
    const attributes: ProtoField[] = [];
    await this.walker.fields('a node', at.start, at.end, (field) => {
      if (field.number === 1) node.inputs.push(this.text(field));
      else if (field.number === 2) node.outputs.push(this.text(field));
      else if (field.number === 3) node.name = this.text(field);
      else if (field.number === 4) node.op = this.text(field);
      else if (field.number === 5) attributes.push(field);
      else if (field.number === 7) node.domain = this.walker.text(field);
    });
    for (const field of attributes) await this.attribute(field, node, depth);
    return node;
  }

  private async attribute(at: ProtoField, node: OnnxNode, depth: number): Promise<void> {
    this.expectMessage(at, 'attribute');
    let name = '';
    let int: number | undefined;
    const tensors: ProtoField[] = [];
    await this.walker.fields('an attribute', at.start, at.end, async (field) => {
      if (field.number === 1) name = this.text(field);
      else if (field.number === 3 && field.type === 0) int = field.value;
      else if (field.number === 5) tensors.push(field);
      else if (field.number === 6 || field.number === 11) {
        this.expectMessage(field, 'graph');
        node.graphs.push(await this.graph(field, depth + 1));
      }
    });
    if (int !== undefined) node.ints.set(name, int);
    if (node.op === 'Constant' && name === 'value')
      for (const field of tensors) node.value = await this.tensor(field);
  }

  /** A damaged tensor carries its problem along and costs no other tensor anything. */
  private async tensor(at: ProtoField): Promise<OnnxTensor> {
    this.expectMessage(at, 'tensor');
    const tensor: OnnxTensor = { name: '', dims: [], type: 0, start: at.start, end: at.end };
    const external = new Map<string, string>();
    try {
      await this.walker.fields('a tensor', at.start, at.end, async (field) => {
        if (field.number === 1) this.walker.integers(field, tensor.dims, 64);
        else if (field.number === 2) tensor.type = field.value;
        else if (field.number === 3) tensor.segmented = true;
        else if (field.number === 8) tensor.name = this.text(field);
        else if (field.number === 9) {
          this.expectMessage(field, 'raw_data');
          tensor.raw = [field.start, field.end];
        } else if (field.number === 13) await this.entry(field, external);
        else if (field.number === 14 && field.value === 1) tensor.external = external;
      });
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      tensor.problem = error.message.slice(error.file.length + 2).replace(/\.$/, '');
    }
    return tensor;
  }

  private async sparse(at: ProtoField): Promise<OnnxTensor> {
    this.expectMessage(at, 'sparse tensor');
    let tensor: OnnxTensor = { name: '', dims: [], type: 0, start: at.start, end: at.end };
    await this.walker.fields('a sparse tensor', at.start, at.end, async (field) => {
      if (field.number === 1) tensor = await this.tensor(field);
    });
    tensor.problem = `the tensor at offset ${at.start} is sparse, not supported`;
    return tensor;
  }

  private async entry(at: ProtoField, into: Map<string, string>): Promise<void> {
    this.expectMessage(at, 'entry');
    let key = '';
    let value = '';
    await this.walker.fields('an entry', at.start, at.end, (field) => {
      if (field.number === 1) key = this.text(field);
      else if (field.number === 2) value = this.text(field);
    });
    into.set(key, value);
  }
}
