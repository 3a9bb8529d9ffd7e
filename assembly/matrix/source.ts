// Where the matrix is read from. The kernel sees A as m x n with m >= n (the host transposes freely: a wide
// row-major matrix is a tall column-major one). Rows come in panels, either in place (resident) or pulled
// from the host into one fixed buffer, so that the kernel need not hold A at all.
//
// After panel(), element (i, j) is at `at + rows[i] + columns[j]`, rows and columns being tables of u32 byte offsets;
// after select() the tables are those that it and selectedColumns() return. Zero columns are left out of the table
// (keep()), and n counts those that remain.
import { alloc } from '../base/arena';
import { PANEL_BYTES } from '../base/params';

// @ts-ignore: decorator
@external('host', 'pull')
declare function pull(first: i32, count: i32, ld: i32, to: usize): void; // rows first..first+count
// @ts-ignore: decorator
@external('host', 'gather')
declare function gather(list: usize, count: i32, ld: i32, to: usize): void; // the listed rows

export let m: i32 = 0;
export let n: i32 = 0;
/** All columns, zero ones too. */
export let width: i32 = 0;
/** Element type: float32 when true, else float64. */
export let single: bool = false;
/** Rows are contiguous (tall row-major) when true, else columns are. */
export let byRow: bool = true;
/** Rows that one panel may hold. */
export let panelRows: i32 = 0;
export let at: usize = 0;
export let rows: usize = 0;
export let columns: usize = 0;
/** Every element is multiplied by this power of two as it is packed. */
export let scale: f64 = 1;

let resident: usize = 0;
let buffer: usize = 0;
let kept: usize = 0; // indices of the columns kept
let rowStride: u32 = 0;
let columnStride: u32 = 0;

export function open(base: usize, m_: i32, n_: i32, single_: bool, byRow_: bool): void {
  m = m_;
  n = width = n_;
  single = single_;
  byRow = byRow_;
  scale = 1;
  resident = base;
  const size: u32 = single ? 4 : 8;
  const most = PANEL_BYTES / (n * <i32>size);
  panelRows = min(m, max(16, most & ~3));
  rowStride = byRow ? <u32>n * size : size;
  columnStride = byRow ? size : <u32>(base ? m : panelRows) * size;
  if (!base) buffer = alloc((<u64>panelRows * n * size));
  rows = alloc(<u64>panelRows << 2);
  for (let i = 0; i < panelRows; i++) store<u32>(rows + (<usize>i << 2), <u32>i * rowStride);
  columns = alloc(<u64>n << 2);
  for (let j = 0; j < n; j++) store<u32>(columns + (<usize>j << 2), <u32>j * columnStride);
  kept = 0;
}

export function setScale(s: f64): void {
  scale = s;
}

/** Drops the columns whose squared norm is marked zero. */
export function keep(squares: usize): void {
  kept = alloc(<u64>n << 2);
  let k = 0;
  for (let j = 0; j < width; j++) {
    if (load<f64>(squares + (<usize>j << 3)) == 0) continue;
    store<u32>(columns + (<usize>k << 2), <u32>j * columnStride);
    store<i32>(kept + (<usize>k << 2), j);
    k++;
  }
  n = k;
}

/** Takes the zero columns back in. */
export function keepAll(): void {
  kept = 0;
  n = width;
  for (let j = 0; j < n; j++) store<u32>(columns + (<usize>j << 2), <u32>j * columnStride);
}

/** The caller's index of the j-th column kept. */
export function original(j: i32): i32 {
  return kept ? load<i32>(kept + (<usize>j << 2)) : j;
}

/** The element at p, not scaled. */
// @ts-ignore: decorator
@inline
export function element(p: usize): f64 {
  return single ? <f64>load<f32>(p) : load<f64>(p);
}

/** Makes rows first .. first + count addressable; count <= panelRows. */
export function panel(first: i32, count: i32): void {
  if (resident) {
    at = resident + <usize>first * rowStride;
    return;
  }
  at = buffer;
  pull(first, count, byRow ? width : panelRows, buffer);
}

/** Byte offsets of the listed columns, as a table of their own. */
export function columnsOf(list: usize, count: i32): usize {
  const table = alloc(<u64>count << 2);
  for (let i = 0; i < count; i++) {
    const j = load<i32>(list + (<usize>i << 2));
    store<u32>(table + (<usize>i << 2), load<u32>(columns + (<usize>j << 2)));
  }
  return table;
}

/**
 * Makes the listed rows addressable through a table of their own, returned. Where the source is not resident both lie
 * in the arena, above the caller's mark.
 */
export function select(list: usize, count: i32): usize {
  const table = alloc(<u64>count << 2);
  if (resident) {
    at = resident;
    for (let i = 0; i < count; i++) {
      store<u32>(table + (<usize>i << 2), <u32>load<i32>(list + (<usize>i << 2)) * rowStride);
    }
    return table;
  }
  const size: u32 = single ? 4 : 8;
  at = alloc(<u64>count * width * size);
  gather(list, count, byRow ? width : count, at);
  for (let i = 0; i < count; i++) {
    store<u32>(table + (<usize>i << 2), byRow ? <u32>i * rowStride : <u32>i * size);
  }
  return table;
}

/** The column table to use with select(): the streamed layout of columns depends on the number of rows. */
export function selectedColumns(count: i32): usize {
  if (resident || byRow) return columns;
  const table = alloc(<u64>n << 2);
  const size: u32 = single ? 4 : 8;
  for (let j = 0; j < n; j++) {
    store<u32>(table + (<usize>j << 2), <u32>original(j) * <u32>count * size);
  }
  return table;
}
