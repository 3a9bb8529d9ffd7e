// Python's pickle, as far as checkpoints of tensors need it: containers, numbers, text,
// persistent ids, and calls as records.
// No name is ever imported and nothing is ever run: whatever a pickle calls becomes a PickleCall, or, where no tensor
// is made of it, an opaque value that stands in its place. Only an opcode that does not exist is an error.
// Source: Lib/pickletools.py of CPython; torch/_weights_only_unpickler.py for the names.
import { Machine } from './machine.js';
import { OPCODES } from './opcodes.js';

const MAX_OPS = 50_000_000;
const STOP = 0x2e;

/** The value that a pickle stands for: Map for dicts, arrays for lists, tuples and sets, numbers, strings, records. */
export function unpickle(file: string, bytes: Uint8Array): unknown {
  return unpickleAt(file, bytes, 0).value;
}

/** As unpickle(), and where the pickle ends: files of PyTorch before 1.6 hold several, one after the other. */
export function unpickleAt(file: string, bytes: Uint8Array, from: number) {
  const machine = new Machine(file, bytes, from);
  const value = run(machine);
  return { value, end: machine.pos, references: machine.references };
}

function run(machine: Machine): unknown {
  for (let count = 0; count <= MAX_OPS; count++) {
    const opcode = machine.next();
    if (opcode === STOP) {
      const value = machine.pop();
      if (machine.stack.length > 0) throw machine.fail('stops with values left');
      return value;
    }
    const action = OPCODES[opcode];
    if (action === undefined) {
      throw machine.fail(`has opcode 0x${opcode.toString(16).padStart(2, '0')}, which pickle does not know,`);
    }
    action(machine);
  }
  throw machine.fail(`has more than ${MAX_OPS} opcodes`);
}
