// Python's pickle, as far as checkpoints of tensors need it: containers, numbers, text,
// persistent ids, and calls as records.
// No name is ever imported and nothing is ever run: whatever a pickle calls becomes a PickleCall, or, where no tensor
// is made of it, an opaque value that stands in its place. Only an opcode that does not exist is an error.
// Memory: every object that an opcode makes is counted before it is made, at most `limit` bytes of them.
// Source: Lib/pickletools.py and Lib/pickle.py of CPython, protocols 0 to 5;
// torch/_weights_only_unpickler.py for the names.
import { textDecoder } from '../shared/text.js';
import { FormatError, quote } from './errors.js';

/** A name from a module: 'torch.FloatStorage'. */
export class PickleGlobal {
  constructor(readonly name: string) {}
}
/** A call that was written down, not made. */
export class PickleCall {
  /** What the object was given afterwards: its attributes. */
  state?: unknown;
  constructor(
    readonly callee: string,
    readonly args: readonly unknown[],
  ) {}
}
/** A persistent id: for PyTorch, a storage. */
export class PickleReference {
  constructor(readonly id: unknown) {}
}

const DICTS = new Set([
  'collections.OrderedDict',
  'collections.defaultdict',
  'collections.Counter',
  'builtins.dict',
  '__builtin__.dict',
]);
const LISTS = new Set([
  'builtins.list',
  'builtins.tuple',
  '__builtin__.list',
  '__builtin__.tuple',
  'torch.Size',
]);

const MAX_OPS = 50_000_000;
/** Bytes that the values of one pickle may take: a million tensors. */
const MAX_MEMORY = 2 ** 29;
/** What V8 takes for one of these, about. */
const COST = { map: 240, object: 48, item: 16, memo: 40 };
const MAX_LINE = 1 << 16;

const MARK = Symbol('mark');

/** The value that a pickle stands for: Map for dicts, arrays for lists, tuples and sets, numbers, strings, records. */
export function unpickle(file: string, bytes: Uint8Array): unknown {
  return new Unpickler(file, bytes).run();
}

/** As unpickle(), and where the pickle ends: files of PyTorch before 1.6 hold several, one after the other. */
export function unpickleAt(file: string, bytes: Uint8Array, from: number) {
  const machine = new Unpickler(file, bytes, from);
  const value = machine.run();
  return { value, end: machine.pos, references: machine.references };
}

class Unpickler {
  private readonly view: DataView;
  private readonly stack: unknown[] = [];
  private readonly memo = new Map<number, unknown>();
  /** Every persistent id. */
  readonly references: PickleReference[] = [];
  private opcode = 0;
  private spent = 0;

  constructor(
    private readonly file: string,
    private readonly bytes: Uint8Array,
    public pos = 0,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  run(): unknown {
    for (let count = 0; ; count++) {
      this.opcode = this.pos;
      if (count > MAX_OPS) throw this.fail(`has more than ${MAX_OPS} opcodes`);
      if (this.pos >= this.bytes.length) throw this.fail('ends without STOP');
      const op = String.fromCharCode(this.bytes[this.pos++]);
      if (op === '.') {
        const value = this.pop();
        if (this.stack.length > 0) throw this.fail('stops with values left');
        return value;
      }
      if (!(this.literal(op) || this.container(op) || this.stored(op) || this.object(op))) {
        const code = op.charCodeAt(0).toString(16).padStart(2, '0');
        throw this.fail(`has opcode 0x${code}, which pickle does not know,`);
      }
    }
  }

  private fail(detail: string) {
    return new FormatError(this.file, `the pickle ${detail} at offset ${this.opcode}.`);
  }

  /** Counts memory before it is taken. */
  private spend(size: number) {
    this.spent += size;
    if (this.spent > MAX_MEMORY)
      throw this.fail(`holds more values than fit into ${MAX_MEMORY / 2 ** 20} MiB`);
  }

  private push(value: unknown, cost = 0) {
    this.spend(COST.item + cost);
    this.stack.push(value);
  }

  // Operands.

  private take(length: number): number {
    const start = this.pos;
    if (length > this.bytes.length - this.pos) {
      throw this.fail(`ends inside an opcode that needs ${length} more bytes`);
    }
    this.pos += length;
    return start;
  }
  private u8 = () => this.bytes[this.take(1)];
  private u32 = () => this.view.getUint32(this.take(4), true);
  private u64 = () => Number(this.view.getBigUint64(this.take(8), true));

  private text(length: number): string {
    const start = this.take(length);
    this.spend(2 * length);
    return textDecoder().decode(this.bytes.subarray(start, start + length));
  }
  private line(): string {
    const end = this.bytes.subarray(0, this.pos + MAX_LINE).indexOf(10, this.pos);
    if (end < 0) throw this.fail('has a line without an end');
    const value = this.text(end - this.pos);
    this.pos++;
    return value;
  }

  // The stack.

  private top(): unknown {
    const { stack } = this;
    if (stack.length === 0 || stack[stack.length - 1] === MARK)
      throw this.fail('needs a value that is not there');
    return stack[stack.length - 1];
  }
  private pop(): unknown {
    const value = this.top();
    this.stack.pop();
    return value;
  }
  private toMark(): unknown[] {
    const at = this.stack.lastIndexOf(MARK);
    if (at < 0) throw this.fail('needs a mark that is not there');
    return this.stack.splice(at).slice(1);
  }

  // Opcodes, by kind. Each method returns whether the opcode was one of its own.

  private literal(op: string): boolean {
    switch (op) {
      case '\x80': {
        const version = this.u8();
        if (version > 5) throw this.fail(`is of protocol ${version}`);
        return true;
      }
      case '\x95': // FRAME
        this.take(8);
        return true;
      case 'N':
        return this.put(null);
      case '\x88':
        return this.put(true);
      case '\x89':
        return this.put(false);
      case 'I': {
        // INT, protocol 0; 01 and 00 are booleans
        const text = this.line();
        return this.put(text === '01' ? true : text === '00' ? false : this.number(text));
      }
      case 'L':
        return this.put(this.number(this.line().replace(/L$/, '')));
      case 'F':
        return this.put(this.number(this.line()));
      case 'K':
        return this.put(this.u8());
      case 'M':
        return this.put(this.view.getUint16(this.take(2), true));
      case 'J':
        return this.put(this.view.getInt32(this.take(4), true));
      case '\x8a':
        return this.put(this.long(this.u8()));
      case '\x8b':
        return this.put(this.long(this.u32()));
      case 'G':
        return this.put(this.view.getFloat64(this.take(8), false));
      case 'X':
      case 'T':
      case 'B': // BINUNICODE, BINSTRING, BINBYTES
        return this.put(this.text(this.u32()));
      case '\x8c':
      case 'U':
      case 'C': // SHORT_*
        return this.put(this.text(this.u8()));
      case '\x8d':
      case '\x8e':
      case '\x96': // BINUNICODE8, BINBYTES8, BYTEARRAY8
        return this.put(this.text(this.u64()));
      case 'V':
        return this.put(this.line());
      case 'S':
        return this.put(this.line().replace(/^(['"])(.*)\1$/s, '$2'));
      default:
        return false;
    }
  }

  private put(value: unknown): true {
    this.push(value);
    return true;
  }
  private number(text: string): number {
    const value = Number(text);
    if (text.trim() === '' || (Number.isNaN(value) && text !== 'nan'))
      throw this.fail(`has ${quote(text)} as a number`);
    return value;
  }
  /** A little-endian integer in two's complement; beyond a float's range it is infinite. */
  private long(length: number): number {
    const start = this.take(length);
    const digits = this.bytes.subarray(start, start + length);
    const value = digits.reduceRight((sum, byte) => sum * 256 + byte, 0);
    return length > 0 && digits[length - 1] & 0x80 ? value - 256 ** length : value;
  }

  private container(op: string): boolean {
    const { stack } = this;
    switch (op) {
      case '(':
        this.push(MARK);
        return true;
      case '0': // POP takes a mark too
        if (stack.pop() === undefined) throw this.fail('takes a value that is not there');
        return true;
      case '1': // POP_MARK
        this.toMark();
        return true;
      case '2': // DUP
        this.push(this.top());
        return true;
      case ']':
      case '\x8f':
      case ')': // EMPTY_LIST, EMPTY_SET, EMPTY_TUPLE
        this.push([], COST.object);
        return true;
      case '}':
        this.push(new Map(), COST.map);
        return true;
      case 'l':
      case 't':
      case '\x91': // LIST, TUPLE, FROZENSET
        this.push(this.toMark(), COST.object);
        return true;
      case '\x85':
      case '\x86':
      case '\x87': // TUPLE1, TUPLE2, TUPLE3
        this.push(Array.from({ length: op.charCodeAt(0) - 0x84 }, () => this.pop()).reverse(), COST.object);
        return true;
      case 'd': {
        const items = this.toMark();
        this.push(new Map(), COST.map);
        this.setItems(items);
        return true;
      }
      case 'a':
        this.append([this.pop()]);
        return true;
      case 'e':
      case '\x90': // APPENDS, ADDITEMS
        this.append(this.toMark());
        return true;
      case 's': {
        const value = this.pop();
        this.setItems([this.pop(), value]);
        return true;
      }
      case 'u':
        this.setItems(this.toMark());
        return true;
      default:
        return false;
    }
  }

  private append(items: readonly unknown[]) {
    const list = this.top();
    if (list instanceof PickleCall) return; // an opaque value keeps what it is given to itself
    if (!Array.isArray(list)) throw this.fail('appends to what is no list');
    this.spend(COST.item * items.length);
    for (const item of items) list.push(item);
  }
  private setItems(items: readonly unknown[]) {
    const map = this.top();
    if (items.length % 2 === 1) throw this.fail('sets a key without a value');
    if (map instanceof PickleCall) return;
    if (!(map instanceof Map)) throw this.fail('sets an item of what is no dict');
    this.spend(COST.item * 2 * items.length);
    for (let i = 0; i < items.length; i += 2) map.set(items[i], items[i + 1]);
  }

  private stored(op: string): boolean {
    switch (op) {
      case 'q':
        return this.remember(this.u8());
      case 'r':
        return this.remember(this.u32());
      case 'p':
        return this.remember(this.number(this.line()));
      case '\x94': // MEMOIZE
        return this.remember(this.memo.size);
      case 'h':
        return this.recall(this.u8());
      case 'j':
        return this.recall(this.u32());
      case 'g':
        return this.recall(this.number(this.line()));
      default:
        return false;
    }
  }
  private remember(key: number): true {
    this.spend(COST.memo);
    this.memo.set(key, this.top());
    return true;
  }
  private recall(key: number): true {
    if (!this.memo.has(key)) throw this.fail(`recalls ${key}, which was not stored,`);
    this.push(this.memo.get(key));
    return true;
  }

  private object(op: string): boolean {
    switch (op) {
      case 'c': {
        const module = this.line();
        this.global(module, this.line());
        return true;
      }
      case '\x93': {
        const name = this.pop();
        this.global(this.pop(), name);
        return true;
      }
      case '\x82':
      case '\x83':
      case '\x84': // EXT1, EXT2, EXT4: a name from a registry that is not in the file
        this.take(1 << (op.charCodeAt(0) - 0x82));
        this.push(new PickleGlobal('copyreg.extension'), COST.object);
        return true;
      case '\x97': // NEXT_BUFFER: bytes that lie elsewhere
        this.push(new PickleCall('out-of-band buffer', []), COST.object);
        return true;
      case '\x98': // READONLY_BUFFER
        this.top();
        return true;
      case 'Q':
        this.refer(this.pop());
        return true;
      case 'P':
        this.refer(this.line());
        return true;
      case 'R':
      case '\x81': {
        // REDUCE, NEWOBJ
        const args = this.pop();
        this.call(this.pop(), args);
        return true;
      }
      case '\x92': {
        // NEWOBJ_EX, with keyword arguments
        this.pop();
        const args = this.pop();
        this.call(this.pop(), args);
        return true;
      }
      case 'o': {
        // OBJ
        const [callee, ...args] = this.toMark();
        this.call(callee, args);
        return true;
      }
      case 'i': {
        // INST
        const name = `${this.line()}.${this.line()}`;
        this.call(new PickleGlobal(name), this.toMark());
        return true;
      }
      case 'b': {
        // BUILD: attributes. A dict's (_metadata) hold no tensor; an object's may.
        const state = this.pop();
        const target = this.top();
        if (target instanceof PickleCall) target.state = state;
        return true;
      }
      default:
        return false;
    }
  }

  private refer(id: unknown) {
    const reference = new PickleReference(id);
    this.references.push(reference);
    this.push(reference, COST.object);
  }

  private global(module: unknown, name: unknown) {
    if (typeof module !== 'string' || typeof name !== 'string') throw this.fail('has a name that is no text');
    this.spend(2 * (module.length + name.length));
    this.push(new PickleGlobal(`${module}.${name}`), COST.object);
  }

  /** Writes a call down. Only plain containers are made of their arguments; what is called otherwise stays a record. */
  private call(callee: unknown, args: unknown) {
    const name = callee instanceof PickleGlobal ? callee.name : 'an object';
    const list = Array.isArray(args) ? args : [];
    if (DICTS.has(name)) {
      const pairs = name === 'collections.defaultdict' ? list[1] : list[0];
      const size = pairs instanceof Map ? pairs.size : Array.isArray(pairs) ? pairs.length : 0;
      this.spend(4 * COST.item * size);
      this.push(new Map(pairs instanceof Map || isPairs(pairs) ? pairs : []), COST.map);
    } else if (LISTS.has(name) && Array.isArray(list[0])) {
      this.spend(COST.item * list[0].length);
      this.push([...list[0]], COST.object);
    } else this.push(new PickleCall(name, list), COST.object);
  }
}

function isPairs(value: unknown): value is [unknown, unknown][] {
  return Array.isArray(value) && value.every((pair) => Array.isArray(pair) && pair.length === 2);
}
