// The tensors of a second file, by name, without holding them: two files of one model mostly have the same order, so
// both are read side by side, and only a name out of order is looked for from the start.
import { readTensors } from '../formats/read.js';
import type { NamedTensor, ReadOptions } from '../formats/types.js';
import { openInput } from './input.js';

export class Partner {
  private readonly taken = new Set<string>();
  private next: NamedTensor | undefined;
  private ended = false;

  private constructor(
    private readonly tensors: AsyncGenerator<NamedTensor>,
    private readonly find: (name: string) => Promise<NamedTensor | undefined>,
  ) {}

  /** `most`: bytes of the standard input that may be held. */
  static async open(file: string, read: ReadOptions, most?: number): Promise<Partner> {
    const { from, options } = await openInput(file, most);
    const all = { ...options, ...read };
    const filter = read.filter ?? (() => true);
    const partner: Partner = new Partner(
      readTensors(from, { ...all, filter: (name, info) => !partner.taken.has(name) && filter(name, info) }),
      async (name) => {
        const only = readTensors(from, {
          ...options,
          signal: read.signal,
          layout: read.layout,
          filter: (other) => other === name,
          onError: () => {}, // other entries have been told of, or will be
        });
        for await (const tensor of only) if (tensor.name === name) return tensor;
        return undefined;
      },
    );
    return partner;
  }

  /** The tensor of this name, once. */
  async take(name: string): Promise<NamedTensor | undefined> {
    const next = await this.peek();
    const found = next?.name === name ? next : await this.find(name);
    if (found === next) this.next = undefined;
    if (found) this.taken.add(name);
    return found;
  }

  /** Those that nobody took. */
  async *rest(): AsyncGenerator<NamedTensor> {
    for (let next = await this.peek(); next; next = await this.peek()) {
      this.next = undefined;
      yield next;
    }
  }

  private async peek(): Promise<NamedTensor | undefined> {
    while (!this.ended && (this.next === undefined || this.taken.has(this.next.name))) {
      const { value, done } = await this.tensors.next();
      this.next = value;
      this.ended = done === true;
    }
    return this.next;
  }
}
