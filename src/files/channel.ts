// Promises put in at one end and taken out, settled, in the same order at the other.

interface Item<T> {
  promise: Promise<T>;
  done: boolean;
  value?: T;
}

export class Channel<T> {
  /** Those before `taken` are gone: moving the others up each time would take long where there are a million. */
  private items: (Item<T> | undefined)[] = [];
  private taken = 0;
  private wake: () => void = () => {};
  private ended = false;

  push(promise: Promise<T>): void {
    const item: Item<T> = { promise, done: false };
    promise.then(
      (value) => {
        item.value = value;
        item.done = true;
      },
      () => {}, // the reader of the channel gets it
    );
    this.items.push(item);
    this.wake();
  }

  end(): void {
    this.ended = true;
    this.wake();
  }

  /** What has settled but waits behind something that has not. */
  settled(): T[] {
    return this.items.filter((i) => i?.done).map((i) => i!.value as T);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (;;) {
      while (this.taken < this.items.length) {
        const value = await this.items[this.taken]!.promise;
        this.drop();
        yield value;
      }
      if (this.ended) return;
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  private drop(): void {
    this.items[this.taken++] = undefined;
    if (2 * this.taken <= this.items.length) return;
    this.items = this.items.slice(this.taken);
    this.taken = 0;
  }
}
