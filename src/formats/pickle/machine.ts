// The state of an unpickler: bytes and a place in them, a stack with marks, a memo.
// Memory: every object that an opcode makes is counted before it is made, at most MAX_MEMORY bytes of them.
import { textDecoder } from '../../shared/text.js';
import { FormatError, quote } from '../errors.js';
import { PickleCall, PickleGlobal, PickleReference } from './values.js';

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

/** Bytes that the values of one pickle may take: a million tensors. */
const MAX_MEMORY = 2 ** 29;
/** What V8 takes for one of these, about. */
export const COST = { map: 240, object: 48, item: 16, memo: 40 };
const MAX_LINE = 1 << 16;

export const MARK = Symbol('mark');

export class Machine {
  readonly view: DataView;
  readonly stack: unknown[] = [];
  readonly memo = new Map<number, unknown>();
  /** Every persistent id. */
  readonly references: PickleReference[] = [];
  /** Where the opcode at work begins. */
  private opcode = 0;
  private spent = 0;

  constructor(
    private readonly file: string,
    private readonly bytes: Uint8Array,
    public pos: number,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  fail(detail: string) {
    return new FormatError(this.file, `the pickle ${detail} at offset ${this.opcode}.`);
  }

  /** Counts memory before it is taken. */
  private spend(size: number) {
    this.spent += size;
    if (this.spent > MAX_MEMORY)
      throw this.fail(`holds more values than fit into ${MAX_MEMORY / 2 ** 20} MiB`);
  }

  push(value: unknown, cost = 0) {
    this.spend(COST.item + cost);
    this.stack.push(value);
  }

  // Operands.

  next(): number {
    this.opcode = this.pos;
    if (this.pos >= this.bytes.length) throw this.fail('ends without STOP');
    return this.bytes[this.pos++];
  }
  take(length: number): number {
    const start = this.pos;
    if (length > this.bytes.length - this.pos) {
      throw this.fail(`ends inside an opcode that needs ${length} more bytes`);
    }
    this.pos += length;
    return start;
  }
  u8 = () => this.bytes[this.take(1)];
  u32 = () => this.view.getUint32(this.take(4), true);
  u64 = () => Number(this.view.getBigUint64(this.take(8), true));

  text(length: number): string {
    const start = this.take(length);
    this.spend(2 * length);
    return textDecoder().decode(this.bytes.subarray(start, start + length));
  }
  line(): string {
    const end = this.bytes.subarray(0, this.pos + MAX_LINE).indexOf(10, this.pos);
    if (end < 0) throw this.fail('has a line without an end');
    const value = this.text(end - this.pos);
    this.pos++;
    return value;
  }
  number(text: string): number {
    const value = Number(text);
    if (text.trim() === '' || (Number.isNaN(value) && text !== 'nan'))
      throw this.fail(`has ${quote(text)} as a number`);
    return value;
  }
  /** A little-endian integer in two's complement; beyond a float's range it is infinite. */
  long(length: number): number {
    const start = this.take(length);
    const digits = this.bytes.subarray(start, start + length);
    const value = digits.reduceRight((sum, byte) => sum * 256 + byte, 0);
    return length > 0 && digits[length - 1] & 0x80 ? value - 256 ** length : value;
  }

  // The stack.

  top(): unknown {
    const { stack } = this;
    if (stack.length === 0 || stack[stack.length - 1] === MARK)
      throw this.fail('needs a value that is not there');
    return stack[stack.length - 1];
  }
  pop(): unknown {
    const value = this.top();
    this.stack.pop();
    return value;
  }
  toMark(): unknown[] {
    const at = this.stack.lastIndexOf(MARK);
    if (at < 0) throw this.fail('needs a mark that is not there');
    return this.stack.splice(at).slice(1);
  }

  // Containers.

  append(items: readonly unknown[]) {
    const list = this.top();
    if (list instanceof PickleCall) return; // an opaque value keeps what it is given to itself
    if (!Array.isArray(list)) throw this.fail('appends to what is no list');
    this.spend(COST.item * items.length);
    for (const item of items) list.push(item);
  }
  setItems(items: readonly unknown[]) {
    const map = this.top();
    if (items.length % 2 === 1) throw this.fail('sets a key without a value');
    if (map instanceof PickleCall) return;
    if (!(map instanceof Map)) throw this.fail('sets an item of what is no dict');
    this.spend(COST.item * 2 * items.length);
    for (let i = 0; i < items.length; i += 2) map.set(items[i], items[i + 1]);
  }

  // The memo.

  remember(key: number) {
    this.spend(COST.memo);
    this.memo.set(key, this.top());
  }
  recall(key: number) {
    if (!this.memo.has(key)) throw this.fail(`recalls ${key}, which was not stored,`);
    this.push(this.memo.get(key));
  }

  // Names and calls.

  refer(id: unknown) {
    const reference = new PickleReference(id);
    this.references.push(reference);
    this.push(reference, COST.object);
  }

  global(module: unknown, name: unknown) {
    if (typeof module !== 'string' || typeof name !== 'string') throw this.fail('has a name that is no text');
    this.spend(2 * (module.length + name.length));
    this.push(new PickleGlobal(`${module}.${name}`), COST.object);
  }

  /** Writes a call down. Only plain containers are made of their arguments; what is called otherwise stays a record. */
  call(callee: unknown, args: unknown) {
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
