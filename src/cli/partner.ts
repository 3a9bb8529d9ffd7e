// The tensors of a second file, by name, without holding them: two files of one model mostly have the same order, so
// both are read side by side. A name out of order is looked up in a list of the file, and its neighbours are read with
// it and held, as far as they fit: files in opposite order take one pass for each
// window of them, not one for each name.
import { tensorBytes } from '../files/budget.js';
import { readTensors } from '../formats/read.js';
import type { NamedTensor, ReadOptions } from '../formats/types.js';
import { openInput } from './input.js';

/** Bytes of neighbours that are held. */
const WINDOW = 1 << 26;

export class Partner {
  private readonly taken = new Set<string>();
  private readonly tensors: AsyncGenerator<NamedTensor>;
  private next: NamedTensor | undefined;
  private ended = false;
  private listed: Listing | undefined;
  private held = new Map<string, NamedTensor>();

  private constructor(
    private readonly from: Parameters<typeof readTensors>[0],
    private readonly options: ReadOptions,
    private readonly read: ReadOptions,
  ) {
    const filter = read.filter ?? (() => true);
    this.tensors = readTensors(from, {
      ...options,
      ...read,
      filter: (name, info) => !this.taken.has(name) && filter(name, info),
    });
  }

  /** `most`: bytes of the standard input that may be held. */
  static async open(file: string, read: ReadOptions, most?: number): Promise<Partner> {
    const { from, options } = await openInput(file, most);
    return new Partner(from, options, read);
  }

  /** The tensor of this name, once. */
  async take(name: string): Promise<NamedTensor | undefined> {
    const next = await this.peek();
    if (next?.name !== name && !this.held.has(name)) await this.hold(name);
    const found = next?.name === name ? next : this.held.get(name);
    if (found === next) this.next = undefined;
    this.held.delete(name);
    if (found) this.taken.add(name);
    return found;
  }

  /** Those that nobody took. */
  async *rest(): AsyncGenerator<NamedTensor> {
    this.held.clear();
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

  /** Reads a tensor and those around it that fit. */
  private async hold(name: string): Promise<void> {
    this.listed ??= await this.list();
    const wanted = this.around(name, this.listed);
    if (wanted.size === 0) return;
    const { held } = this;
    held.clear();
    await this.scan(
      (other) => wanted.has(other),
      (tensor) => {
        if (wanted.delete(tensor.name)) held.set(tensor.name, tensor);
        return wanted.size > 0;
      },
      () => held.has(name),
    );
  }

  /**
   * A name and its neighbours on either side that nobody took, nearest first, as many as fit;
   * none where the file lacks the name.
   */
  private around(name: string, { names, sizes, places }: Listing): Set<string> {
    const place = places.get(name);
    if (place === undefined) return new Set();
    const wanted = new Set([name]);
    let left = WINDOW - sizes[place];
    const add = (at: number): boolean => {
      if (at < 0 || at >= names.length) return false;
      if (this.taken.has(names[at])) return true;
      if (!(sizes[at] <= left)) return false;
      left -= sizes[at];
      wanted.add(names[at]);
      return true;
    };
    for (let [k, before, after] = [1, true, true]; before || after; k++) {
      before &&= add(place - k);
      after &&= add(place + k);
    }
    return wanted;
  }

  /** Every name that passes, and its size: no element is read. */
  private async list(): Promise<Listing> {
    const listing: Listing = { names: [], sizes: [], places: new Map() };
    const add = (name: string, size: number) => {
      if (listing.places.has(name)) return;
      listing.places.set(name, listing.names.length);
      listing.names.push(name);
      listing.sizes.push(size);
    };
    await this.scan(
      (name, info) => {
        if (this.read.filter?.(name, info) !== false) add(name, tensorBytes(info));
        return false;
      },
      () => true,
      () => true,
    );
    return listing;
  }

  /**
   * Reads from the start until `use` returns false. What is wrong with the file is told by the reading side by side;
   * here it ends the scan, quietly where it was `enough`.
   */
  private async scan(
    filter: NonNullable<ReadOptions['filter']>,
    use: (tensor: NamedTensor) => boolean,
    enough: () => boolean,
  ): Promise<void> {
    const { signal, layout } = this.read;
    try {
      for await (const tensor of readTensors(this.from, {
        ...this.options,
        signal,
        layout,
        filter,
        onError: () => {},
      })) {
        if (!use(tensor)) return;
      }
    } catch (error) {
      if (signal?.aborted || !enough()) throw error;
    }
  }
}

interface Listing {
  names: string[];
  sizes: number[];
  places: Map<string, number>;
}
