// What a pickle is read as, beside Map, array, number and string: names, and calls that were written down, not made.

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
