// What a weight is in its block: q, k, v, o, gate, up, down where it goes by one of their usual names, else its own.
import { blockOf, withinBlock } from '../blocks.js';

const KINDS: [kind: string, names: RegExp][] = [
  ['qkv', /(^|[._/])(qkv|qkv_proj|c_attn|query_key_value|in_proj|in_proj_weight|attn_qkv|Wqkv)$/],
  ['q', /(^|[._/])(q_proj|q_lin|query|to_q|wq|attn_q|q)$/],
  ['k', /(^|[._/])(k_proj|k_lin|key|to_k|wk|attn_k|k)$/],
  ['v', /(^|[._/])(v_proj|v_lin|value|to_v|wv|attn_v|v)$/],
  [
    'o',
    /(^|[._/])(o_proj|out_proj|out_lin|to_out\.0|wo|attn_output|attention\.output\.dense|attn\.c_proj|o)$/,
  ],
  ['gate', /(^|[._/])(gate_proj|ffn_gate|w1|wi_0)$/],
  ['up', /(^|[._/])(up_proj|ffn_up|w3|fc1|lin1|c_fc|intermediate\.dense|wi_1|wi)$/],
  ['down', /(^|[._/])(down_proj|ffn_down|w2|fc2|lin2|mlp\.c_proj|output\.dense)$/],
];
export const ORDER = KINDS.map(([kind]) => kind);

export interface Place {
  block: string;
  kind: string;
}

/**
 * Block and kind of each name; undefined outside of blocks.
 * A short kind is used only where it means one thing in every block.
 */
export function places(names: readonly string[]): (Place | undefined)[] {
  const whole = names.map((name) => {
    const block = blockOf(name);
    return block === undefined
      ? undefined
      : { block, kind: withinBlock(name, block).replace(/[._/](weight|kernel|w)$/, '') };
  });
  const meanings = new Map<string, Set<string>>();
  for (const place of whole) {
    const kind = place && short(place.kind);
    if (kind) meanings.set(kind, (meanings.get(kind) ?? new Set()).add(place.kind));
  }
  return whole.map((place) => {
    const kind = place && short(place.kind);
    return kind && meanings.get(kind)!.size === 1 ? { block: place.block, kind } : place;
  });
}

const short = (kind: string) => KINDS.find(([, names]) => names.test(kind))?.[0];
