// The blocks of a model, told from the names of its tensors: everything up to the first part that holds a number and is
// not the last. 'model.layers.12.self_attn.q_proj.weight' is of block 'model.layers.12', 'h.3.attn.c_attn.weight' of
// 'h.3', '/encoder/layer_4/dense/kernel' of '/encoder/layer_4', 'lm_head.weight' of none.

export interface Block<R> {
  /** Undefined: a row of no block, alone. */
  name: string | undefined;
  rows: R[];
}

const SEPARATOR = /[./]/g;

export function blockOf(name: string): string | undefined {
  let start = 0;
  for (const { index } of name.matchAll(SEPARATOR)) {
    if (/(^|[a-z_-])\d+$/i.test(name.slice(start, index))) return name.slice(0, index);
    start = index + 1;
  }
  return undefined;
}

/** Rows by block, in the order in which blocks begin. */
export function toBlocks<R extends { name: string }>(rows: readonly R[]): Block<R>[] {
  const blocks: Block<R>[] = [];
  const byName = new Map<string, Block<R>>();
  for (const row of rows) {
    const name = blockOf(row.name);
    const block = name === undefined ? undefined : byName.get(name);
    if (block) block.rows.push(row);
    else {
      const made = { name, rows: [row] };
      blocks.push(made);
      if (name !== undefined) byName.set(name, made);
    }
  }
  return blocks;
}

/** The name inside its block: 'self_attn.q_proj.weight'. */
export const withinBlock = (name: string, block: string | undefined) =>
  block === undefined ? name : name.slice(block.length + 1);
