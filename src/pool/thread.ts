// One thread, whatever the engine calls it: given one thing at a time, which it replies to. node.ts and browser.ts say
// how one is launched.

/** An error as it travels: engines differ in what of an Error they copy. */
export interface Fault {
  name: string;
  message: string;
}

/** What a thread says on the way: envelopes for those that may help (team.ts), or that a lent buffer is free. */
export type News = { envelopes: MessagePort[] } | { buffer: ArrayBuffer };

/** That, or the end of what it was asked for. */
export type Reply = { results: unknown[] } | { fault: Fault } | News;

/** A thread as an engine has it. */
export interface Raw {
  post(message: unknown, transfer: Transferable[]): void;
  end(): unknown;
  /** Whether the process stays alive for it. */
  hold?(busy: boolean): void;
}

/** Starts a thread; what it says, and what becomes of it, is told. */
export type Launch = (hear: (reply: Reply) => void, broken: (why: string) => void) => Raw;

const KINDS: Record<string, ErrorConstructor> = { TypeError, RangeError };

function revived({ name, message }: Fault): Error {
  const error = new (KINDS[name] ?? Error)(message);
  if (error.name !== name) error.name = name;
  return error;
}

export class Thread {
  private readonly raw: Raw;
  private settle: { resolve(results: unknown[]): void; reject(error: unknown): void } | undefined;
  private tell: (news: News) => void = () => {};
  /** Set once it has died or been ended: nothing that it is asked would be replied to. */
  private over: { reason: unknown } | undefined;

  /** `died` is told when it ends of itself. */
  constructor(launch: Launch, died: (thread: Thread) => void) {
    this.raw = launch(
      (reply) => this.hear(reply),
      (why) => {
        if (this.over) return;
        const reason = new Error(`RankPool: a thread of the pool ${why}.`);
        this.over = { reason };
        this.raw.end();
        this.raw.hold?.(false);
        died(this);
        this.take()?.reject(reason);
      },
    );
  }

  private take() {
    const { settle } = this;
    this.settle = undefined;
    return settle;
  }

  private hear(reply: Reply): void {
    if ('envelopes' in reply || 'buffer' in reply) this.tell(reply);
    else if (!this.over) {
      this.raw.hold?.(false); // not of one that was ended: that is waited for, whatever it still says
      if ('fault' in reply) this.take()?.reject(revived(reply.fault));
      else this.take()?.resolve(reply.results);
    }
  }

  ask(
    message: unknown,
    transfer: Transferable[] = [],
    tell: (news: News) => void = () => {},
  ): Promise<unknown[]> {
    return new Promise((resolve, reject) => {
      if (this.over) return reject(this.over.reason);
      this.raw.post(message, transfer);
      this.settle = { resolve, reject };
      this.tell = tell;
      this.raw.hold?.(true);
    });
  }

  /** Ends it at once; what it was asked is rejected with the reason. */
  end(reason: unknown): unknown {
    this.over ??= { reason };
    this.take()?.reject(reason);
    return this.raw.end();
  }
}
