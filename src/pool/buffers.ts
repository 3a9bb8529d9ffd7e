// Buffers that the elements of calls travel to threads in, used again: memory that is new costs five times the copy
// into it, as the system clears every page of it when it is first touched.

/** Bytes from which a buffer is worth it, of all that are kept, and milliseconds for which they are. */
const LEAST = 1 << 20;
const MOST = 1 << 26;
const KEPT = 1000;

const lent = new WeakSet<object>();
let spare: ArrayBuffer[] = [];
let timer: ReturnType<typeof setTimeout> | undefined;

/** A buffer of at least so many bytes, not all of them zero, for one call. */
export function lend(bytes: number): ArrayBuffer {
  if (bytes < LEAST || bytes > MOST) return new ArrayBuffer(bytes);
  const fits = ({ byteLength }: ArrayBuffer) => byteLength >= bytes && byteLength <= 2 * bytes;
  const at = spare.findIndex(fits);
  const buffer = at < 0 ? new ArrayBuffer(bytes) : spare.splice(at, 1)[0];
  lent.add(buffer);
  return buffer;
}

/** Whether giveBack() is to be called with it. */
export function isLent(buffer: object): boolean {
  return lent.has(buffer);
}

/** Takes a lent buffer back: for a call that comes soon. */
export function giveBack(buffer: ArrayBuffer): void {
  spare.unshift(buffer);
  for (let bytes = 0, k = 0; k < spare.length; k++) {
    bytes += spare[k].byteLength;
    if (bytes > MOST) spare.length = k;
  }
  clearTimeout(timer);
  timer = setTimeout(() => {
    spare = [];
  }, KEPT);
  (timer as { unref?(): void }).unref?.(); // it keeps no process alive
}
