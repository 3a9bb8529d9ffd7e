// The part of Python's pickle that checkpoints of tensors are written in, and nothing more: containers, numbers, text,
// persistent ids, and calls of the names on the list below. No name is ever imported and nothing is ever run: a call
// becomes a record. Any other opcode or name is an error that says where it stands.
// Source: Lib/pickletools.py of CPython, protocols 2 to 5; torch/_weights_only_unpickler.py for the names.
import { FormatError, quote } from './errors.js';

/** A name from a module: 'torch.FloatStorage'. */
export class PickleGlobal {
  constructor(readonly name: string) {}
}
/** A call that was written down, not made. */
export class PickleCall {
  constructor(
    readonly callee: string,
    readonly args: readonly unknown[],
  ) {}
}
/** A persistent id: for PyTorch, a storage. */
export class PickleReference {
  constructor(readonly id: unknown) {}
}

const CALLS = new Set([
  'collections.OrderedDict',
  'collections.defaultdict',
  'collections.Counter',
  'builtins.dict',
  'builtins.list',
  'builtins.set',
  '__builtin__.set',
  '__builtin__.dict',
  '__builtin__.list',
  'torch.Size',
  'torch.device',
  'torch._utils._rebuild_tensor',
  'torch._utils._rebuild_tensor_v2',
  'torch._utils._rebuild_tensor_v3',
  'torch._utils._rebuild_parameter',
  'torch._utils._rebuild_parameter_with_state',
  'torch._utils._rebuild_qtensor',
  'torch._utils._rebuild_sparse_tensor',
  'torch._utils._rebuild_meta_tensor_no_storage',
  'torch._tensor._rebuild_from_type_v2',
]);
const DICTS = new Set([
  'collections.OrderedDict',
  'collections.defaultdict',
  'collections.Counter',
  'builtins.dict',
  '__builtin__.dict',
]);
/** Names that may stand as values: storage types, dtypes and layouts. */
const VALUES =
  /^torch\.(\w+Storage|storage\.(Untyped|Typed)Storage|Tensor|per_(tensor|channel)_affine|strided|sparse_\w+|b?float\d+(_e\d+m\d+(fn|fnuz)?)?|q?u?int\d+|complex\d+|bool|half|float|double|long|short|int)$/;
const MAX_OPS = 20_000_000;

const MARK = Symbol('mark');

/** The value that a pickle stands for: Map for dicts, arrays for lists, tuples and sets, numbers, strings, records. */
export function unpickle(file: string, bytes: Uint8Array): unknown {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const stack: unknown[] = [];
  const memo = new Map<number, unknown>();
  let pos = 0;
  let opcode = 0;
  let copied = 0;
  const fail = (detail: string) => new FormatError(file, `the pickle ${detail} at offset ${opcode}.`);
  const take = (length: number): number => {
    const start = pos;
    if (length > bytes.length - pos) throw fail(`ends inside an opcode that needs ${length} more bytes`);
    pos += length;
    return start;
  };
  const u8 = () => bytes[take(1)];
  const u16 = () => view.getUint16(take(2), true);
  const u32 = () => view.getUint32(take(4), true);
  const u64 = () => Number(view.getBigUint64(take(8), true));
  const text = (length: number) => {
    const start = take(length);
    return new TextDecoder().decode(bytes.subarray(start, start + length));
  };
  const line = () => {
    const end = bytes.indexOf(10, pos);
    if (end < 0) throw fail('has a line without an end');
    const value = text(end - pos);
    pos++;
    return value;
  };
  const pop = () => {
    if (stack.length === 0 || stack[stack.length - 1] === MARK) throw fail('takes a value that is not there');
    return stack.pop();
  };
  const top = () => {
    if (stack.length === 0 || stack[stack.length - 1] === MARK) throw fail('needs a value that is not there');
    return stack[stack.length - 1];
  };
  const toMark = () => {
    const at = stack.lastIndexOf(MARK);
    if (at < 0) throw fail('needs a mark that is not there');
    return stack.splice(at).slice(1);
  };
  const global = (name: string) => {
    if (!CALLS.has(name) && !VALUES.test(name))
      throw fail(`names ${quote(name)}, which is no part of a tensor,`);
    stack.push(new PickleGlobal(name));
  };
  const call = (callee: unknown, args: unknown) => {
    if (!(callee instanceof PickleGlobal) || !CALLS.has(callee.name)) {
      throw fail(
        `calls ${quote(callee instanceof PickleGlobal ? callee.name : typeof callee)}, which is not allowed,`,
      );
    }
    if (!Array.isArray(args)) throw fail('calls with arguments that are no tuple');
    if (DICTS.has(callee.name)) {
      const pairs = callee.name === 'collections.defaultdict' ? args[1] : args[0];
      // The one copy that an opcode can ask for; all of them together stay within the pickle's own length.
      copied += pairs instanceof Map ? pairs.size : Array.isArray(pairs) ? pairs.length : 0;
      if (copied > bytes.length) throw fail('copies more than it holds');
      stack.push(new Map(pairs instanceof Map || isPairs(pairs) ? pairs : []));
    } else stack.push(new PickleCall(callee.name, args));
  };
  const append = (items: readonly unknown[]) => {
    const list = top();
    if (!Array.isArray(list)) throw fail('appends to what is no list');
    for (const item of items) list.push(item);
  };
  const set = (items: readonly unknown[]) => {
    const map = top();
    if (!(map instanceof Map)) throw fail('sets an item of what is no dict');
    if (items.length % 2 === 1) throw fail('sets a key without a value');
    for (let i = 0; i < items.length; i += 2) map.set(items[i], items[i + 1]);
  };
  const recall = (key: number) => {
    if (!memo.has(key)) throw fail(`recalls ${key}, which was not stored,`);
    stack.push(memo.get(key));
  };

  for (let count = 0; ; count++) {
    opcode = pos;
    if (count > MAX_OPS) throw fail(`has more than ${MAX_OPS} opcodes`);
    if (pos >= bytes.length) throw fail('ends without STOP');
    const op = bytes[pos++];
    switch (String.fromCharCode(op)) {
      case '\x80': {
        const version = u8();
        if (version > 5) throw fail(`is of protocol ${version}`);
        break;
      }
      case '\x95': // FRAME
        take(8);
        break;
      case '.': {
        const value = pop();
        if (stack.length > 0) throw fail('stops with values left');
        return value;
      }
      case '(':
        stack.push(MARK);
        break;
      case '0': // POP
        if (stack.pop() === undefined) throw fail('takes a value that is not there');
        break;
      case 'N':
        stack.push(null);
        break;
      case '\x88':
        stack.push(true);
        break;
      case '\x89':
        stack.push(false);
        break;
      case 'K':
        stack.push(u8());
        break;
      case 'M':
        stack.push(u16());
        break;
      case 'J':
        stack.push(view.getInt32(take(4), true));
        break;
      case '\x8a': {
        // LONG1
        const length = u8();
        const start = take(length);
        stack.push(long(bytes.subarray(start, start + length)));
        break;
      }
      case 'G':
        stack.push(view.getFloat64(take(8), false));
        break;
      case 'X':
        stack.push(text(u32()));
        break;
      case '\x8c':
        stack.push(text(u8()));
        break;
      case '\x8d':
        stack.push(text(u64()));
        break;
      case 'U':
      case 'C': // SHORT_BINSTRING, SHORT_BINBYTES
        stack.push(text(u8()));
        break;
      case 'T':
      case 'B': // BINSTRING, BINBYTES
        stack.push(text(u32()));
        break;
      case ']':
      case '\x8f': // EMPTY_LIST, EMPTY_SET
      case ')':
        stack.push([]);
        break;
      case '}':
        stack.push(new Map());
        break;
      case 'l':
      case 't':
      case '\x91': // LIST, TUPLE, FROZENSET
        stack.push(toMark());
        break;
      case '\x85':
      case '\x86':
      case '\x87': // TUPLE1, TUPLE2, TUPLE3
        stack.push(Array.from({ length: op - 0x84 }, pop).reverse());
        break;
      case 'd': {
        const items = toMark();
        stack.push(new Map());
        set(items);
        break;
      }
      case 'a':
        append([pop()]);
        break;
      case 'e':
      case '\x90': // APPENDS, ADDITEMS
        append(toMark());
        break;
      case 's': {
        const value = pop();
        set([pop(), value]);
        break;
      }
      case 'u':
        set(toMark());
        break;
      case 'q':
        memo.set(u8(), top());
        break;
      case 'r':
        memo.set(u32(), top());
        break;
      case '\x94': // MEMOIZE
        memo.set(memo.size, top());
        break;
      case 'h':
        recall(u8());
        break;
      case 'j':
        recall(u32());
        break;
      case 'c': {
        const module = line();
        global(`${module}.${line()}`);
        break;
      }
      case '\x93': {
        const name = pop();
        global(`${String(pop())}.${String(name)}`);
        break;
      }
      case 'Q':
        stack.push(new PickleReference(pop()));
        break;
      case 'R':
      case '\x81': {
        // REDUCE, NEWOBJ
        const args = pop();
        call(pop(), args);
        break;
      }
      case 'b': // BUILD: attributes, such as a state dict's _metadata; they hold no tensor
        pop();
        top();
        break;
      default:
        throw fail(`has opcode 0x${op.toString(16).padStart(2, '0')}, which no tensor needs,`);
    }
  }
}

function isPairs(value: unknown): value is [unknown, unknown][] {
  return Array.isArray(value) && value.every((pair) => Array.isArray(pair) && pair.length === 2);
}

/** A little-endian integer in two's complement, of any length. */
function long(bytes: Uint8Array): number {
  const value = bytes.reduceRight((sum, byte) => sum * 256 + byte, 0);
  return bytes.length > 0 && bytes[bytes.length - 1] & 0x80 ? value - 256 ** bytes.length : value;
}
