// The looks of the report, light and dark.
export const STYLE = `
:root { color-scheme: light dark; --paper: #fff; --ink: #1b1f24; --soft: #59636e; --line: #e3e6ea; --card: #f6f8fa;
  --full: #2f6fb0; --low: #c2500a; --low-paper: #fdf1e7; --bad: #b3261e; --bad-paper: #fdeceb; }
@media (prefers-color-scheme: dark) { :root { --paper: #14171b; --ink: #e6e9ed; --soft: #9aa4af; --line: #2b3138; --card: #1c2126;
  --full: #6aa9e6; --low: #f0975a; --low-paper: #33231a; --bad: #ff8a80; --bad-paper: #3a1f1e; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1240px; margin: 0 auto; padding: 24px 20px 48px; }
h1 { font-size: 22px; line-height: 1.3; margin: 0 0 4px; overflow-wrap: anywhere; }
h2 { font-size: 16px; margin: 0 0 4px; overflow-wrap: anywhere; }
p { margin: 0 0 12px; color: var(--soft); overflow-wrap: anywhere; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 16px; margin-top: 16px; }
.key { display: flex; flex-wrap: wrap; gap: 4px 16px; font-size: 13px; color: var(--soft); margin-top: 8px; }
.key i { display: inline-block; width: 12px; height: 12px; border-radius: 2px; margin-right: 6px; vertical-align: -1px; }
.empty::after { content: 'There is no spectrum to draw: no singular value is positive, or the layer failed.'; color: var(--soft); }
.tools { display: flex; flex-wrap: wrap; gap: 8px 16px; align-items: center; margin-bottom: 12px; }
.tools input[type=search] { flex: 1 1 200px; max-width: 360px; padding: 6px 10px; font: inherit; color: inherit;
  background: var(--paper); border: 1px solid var(--line); border-radius: 6px; }
.tools label { display: flex; gap: 6px; align-items: center; }
.scroll { overflow-x: auto; max-height: 80vh; }
table.layers { border-collapse: collapse; width: 100%; font-size: 13px; font-variant-numeric: tabular-nums; }
.layers th { position: sticky; top: 0; background: var(--card); text-align: left; padding: 0; border-bottom: 1px solid var(--line); }
.layers th button { all: unset; display: block; width: 100%; box-sizing: border-box; padding: 6px 10px; cursor: pointer; white-space: nowrap; font-weight: 600; }
.layers th button:focus-visible, .layers tr:focus-visible { outline: 2px solid var(--full); outline-offset: -2px; }
.layers th[aria-sort=ascending] button::after { content: ' ▴'; } .layers th[aria-sort=descending] button::after { content: ' ▾'; }
.layers td { padding: 4px 10px; border-bottom: 1px solid var(--line); white-space: nowrap; }
.layers .number { text-align: right; }
.layers tbody tr { cursor: pointer; } .layers tbody tr:hover td { background: var(--line); }
tr.low td { background: var(--low-paper); color: var(--low); } tr.bad td { background: var(--bad-paper); color: var(--bad); }
tr.selected td { box-shadow: inset 0 2px var(--full), inset 0 -1px var(--full); }
.uplot, .u-legend { font-size: 13px; color: var(--ink); }
@media (max-width: 600px) { main { padding: 16px 10px 32px; } section { padding: 12px 10px; } }
`;
