// Promises put in at one end and taken out, settled, in the same order at the other.

export class Channel<T> {
  private readonly items: { promise: Promise<T>; done: boolean; value?: T }[] = [];
  private wake: () => void = () => {};
  private ended = false;

  push(promise: Promise<T>): void {
    const item: (typeof this.items)[number] = { promise, done: false };
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
    return this.items.filter((i) => i.done).map((i) => i.value as T);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (;;) {
      while (this.items.length > 0) {
        const value = await this.items[0].promise;
        this.items.shift();
        yield value;
      }
      if (this.ended) return;
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }
}
