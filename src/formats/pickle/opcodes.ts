// The opcodes of pickle, protocols 0 to 5, and what each does to the machine; STOP ends the run (unpickle.ts).
// Source: Lib/pickletools.py and Lib/pickle.py of CPython.
import { COST, MARK, type Machine } from './machine.js';
import { PickleCall, PickleGlobal } from './values.js';

type Action = (m: Machine) => void;

/** INT of protocol 0; 01 and 00 are booleans. */
const pushInt: Action = (m) => {
  const text = m.line();
  m.push(text === '01' ? true : text === '00' ? false : m.number(text));
};
const pushList: Action = (m) => m.push([], COST.object);
const pushItems: Action = (m) => m.push(m.toMark(), COST.object);
const pushTuple =
  (length: number): Action =>
  (m) =>
    m.push(Array.from({ length }, () => m.pop()).reverse(), COST.object);
/** A name from a registry that is not in the file. */
const pushExtension =
  (bytes: number): Action =>
  (m) => {
    m.take(bytes);
    m.push(new PickleGlobal('copyreg.extension'), COST.object);
  };
/** Text, or bytes, of which none is read. */
const pushText1: Action = (m) => m.push(m.text(m.u8()));
const pushText4: Action = (m) => m.push(m.text(m.u32()));
const pushText8: Action = (m) => m.push(m.text(m.u64()));
const call: Action = (m) => {
  const args = m.pop();
  m.call(m.pop(), args);
};

const ACTIONS: Readonly<Record<string, Action>> = {
  // Numbers and text
  N: (m) => m.push(null),
  '\x88': (m) => m.push(true),
  '\x89': (m) => m.push(false),
  I: pushInt,
  L: (m) => m.push(m.number(m.line().replace(/L$/, ''))),
  F: (m) => m.push(m.number(m.line())),
  K: (m) => m.push(m.u8()),
  M: (m) => m.push(m.view.getUint16(m.take(2), true)),
  J: (m) => m.push(m.view.getInt32(m.take(4), true)),
  '\x8a': (m) => m.push(m.long(m.u8())),
  '\x8b': (m) => m.push(m.long(m.u32())),
  G: (m) => m.push(m.view.getFloat64(m.take(8), false)),
  V: (m) => m.push(m.line()),
  S: (m) => m.push(m.line().replace(/^(['"])(.*)\1$/s, '$2')),
  '\x8c': pushText1, // SHORT_BINUNICODE
  U: pushText1, // SHORT_BINSTRING
  C: pushText1, // SHORT_BINBYTES
  X: pushText4, // BINUNICODE
  T: pushText4, // BINSTRING
  B: pushText4, // BINBYTES
  '\x8d': pushText8, // BINUNICODE8
  '\x8e': pushText8, // BINBYTES8
  '\x96': pushText8, // BYTEARRAY8

  // The stack
  '(': (m) => m.push(MARK),
  // POP takes a mark too
  '0': (m) => {
    if (m.stack.pop() === undefined) throw m.fail('takes a value that is not there');
  },
  '1': (m) => void m.toMark(), // POP_MARK
  '2': (m) => m.push(m.top()), // DUP

  // Containers
  ']': pushList, // EMPTY_LIST
  '\x8f': pushList, // EMPTY_SET
  ')': pushList, // EMPTY_TUPLE
  l: pushItems, // LIST
  t: pushItems, // TUPLE
  '\x91': pushItems, // FROZENSET
  '\x85': pushTuple(1),
  '\x86': pushTuple(2),
  '\x87': pushTuple(3),
  '}': (m) => m.push(new Map(), COST.map),
  // DICT
  d: (m) => {
    const items = m.toMark();
    m.push(new Map(), COST.map);
    m.setItems(items);
  },
  a: (m) => m.append([m.pop()]),
  e: (m) => m.append(m.toMark()), // APPENDS
  '\x90': (m) => m.append(m.toMark()), // ADDITEMS
  s: (m) => {
    const value = m.pop();
    m.setItems([m.pop(), value]);
  },
  u: (m) => m.setItems(m.toMark()),

  // The memo
  q: (m) => m.remember(m.u8()),
  r: (m) => m.remember(m.u32()),
  p: (m) => m.remember(m.number(m.line())),
  '\x94': (m) => m.remember(m.memo.size), // MEMOIZE
  h: (m) => m.recall(m.u8()),
  j: (m) => m.recall(m.u32()),
  g: (m) => m.recall(m.number(m.line())),

  // Names, calls and their objects
  c: (m) => m.global(m.line(), m.line()),
  // STACK_GLOBAL
  '\x93': (m) => {
    const name = m.pop();
    m.global(m.pop(), name);
  },
  '\x82': pushExtension(1), // EXT1
  '\x83': pushExtension(2),
  '\x84': pushExtension(4),
  '\x97': (m) => m.push(new PickleCall('out-of-band buffer', []), COST.object), // NEXT_BUFFER: bytes that lie elsewhere
  '\x98': (m) => void m.top(), // READONLY_BUFFER
  Q: (m) => m.refer(m.pop()),
  P: (m) => m.refer(m.line()),
  R: call, // REDUCE
  '\x81': call, // NEWOBJ
  // NEWOBJ_EX, with keyword arguments
  '\x92': (m) => {
    m.pop();
    call(m);
  },
  // OBJ
  o: (m) => {
    const [callee, ...args] = m.toMark();
    m.call(callee, args);
  },
  // INST
  i: (m) => {
    const name = `${m.line()}.${m.line()}`;
    m.call(new PickleGlobal(name), m.toMark());
  },
  // BUILD: attributes. A dict's (_metadata) hold no tensor; an object's may.
  b: (m) => {
    const state = m.pop();
    const target = m.top();
    if (target instanceof PickleCall) target.state = state;
  },

  // Of the stream itself
  '\x80': (m) => {
    const version = m.u8();
    if (version > 5) throw m.fail(`is of protocol ${version}`);
  },
  '\x95': (m) => void m.take(8), // FRAME
};

/** By the opcode's byte. */
export const OPCODES: readonly (Action | undefined)[] = Array.from(
  { length: 256 },
  (_, byte) => ACTIONS[String.fromCharCode(byte)],
);
