// The looks of the report, light and dark.

/** The grid of blocks by kind of weight; the page of demo/ has it too. */
export const GRID_STYLE = `
:root { --strongest: 0.75; } /* the figures stay legible */
@media (prefers-color-scheme: dark) { :root { --strongest: 0.52; } }
.grid { border-collapse: separate; border-spacing: 2px; width: auto; font-size: 12px;
  font-variant-numeric: tabular-nums; }
.grid th { border: 0; font-weight: 500; color: var(--soft); text-align: right; padding: 0 6px; white-space: nowrap; }
.grid tr:first-child th { text-align: center; padding: 0; }
.grid tr:first-child th:first-child { text-align: right; padding: 0 6px; }
.grid th:first-child { position: sticky; left: 0; z-index: 1; background: var(--card); }
.grid td { padding: 0; }
.grid button { all: unset; box-sizing: border-box; display: block; min-width: 30px; height: 24px; line-height: 24px;
  text-align: center; cursor: pointer; border-radius: 3px; color: var(--ink);
  background: color-mix(in srgb, var(--full) calc(var(--share) * var(--strongest)), var(--paper)); }
@media (max-width: 600px) { .grid button { min-width: 24px; } .grid { border-spacing: 1px; } }
.grid button.low { box-shadow: inset 0 0 0 2px var(--low); }
.grid button.bad { background: var(--bad-paper); color: var(--bad); }
`;

export const STYLE = `
:root { color-scheme: light dark; --paper: #fff; --ink: #1b1f24; --soft: #59636e; --line: #e3e6ea; --card: #f6f8fa;
  --full: #2f6fb0; --low: #c2500a; --low-paper: #fdf1e7; --bad: #b3261e; --bad-paper: #fdeceb;
  --part0: #0b3c6f; --part1: #1f5f9f; --part2: #4a8ac6; --part3: #8db8e0; --part4: #cfdfef; }
@media (prefers-color-scheme: dark) { :root { --paper: #14171b; --ink: #e6e9ed; --soft: #9aa4af; --line: #2b3138;
  --card: #1c2126;
  --full: #6aa9e6; --low: #f0975a; --low-paper: #33231a; --bad: #ff8a80; --bad-paper: #3a1f1e;
  --part0: #d3e8fb; --part1: #93c4f0; --part2: #5b9bd8; --part3: #376d9f; --part4: #29425a; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1240px; margin: 0 auto; padding: 24px 20px 48px; }
h1 { font-size: 22px; line-height: 1.3; margin: 0 0 4px; overflow-wrap: anywhere; }
h2 { font-size: 16px; margin: 0 0 4px; overflow-wrap: anywhere; }
p { margin: 0 0 12px; color: var(--soft); overflow-wrap: anywhere; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 16px;
  margin-top: 16px; }
.key { display: flex; flex-wrap: wrap; gap: 4px 16px; font-size: 13px; color: var(--soft); margin-top: 8px; }
.key i { display: inline-block; width: 12px; height: 12px; border-radius: 2px; margin-right: 6px;
  vertical-align: -1px; }
.empty::after { content: 'There is no spectrum to draw: no singular value is positive, or the layer failed.';
  color: var(--soft); }
.tools { display: flex; flex-wrap: wrap; gap: 8px 16px; align-items: center; margin-bottom: 12px; }
.tools input[type=search] { flex: 1 1 200px; max-width: 360px; padding: 6px 10px; font: inherit; color: inherit;
  background: var(--paper); border: 1px solid var(--line); border-radius: 6px; }
.tools label { display: flex; gap: 6px; align-items: center; }
.scroll { overflow-x: auto; max-height: 80vh; }
table.layers { border-collapse: collapse; width: 100%; font-size: 13px; font-variant-numeric: tabular-nums; }
.layers th { position: sticky; top: 0; background: var(--card); text-align: left; padding: 0;
  border-bottom: 1px solid var(--line); }
.layers th button { all: unset; display: block; width: 100%; box-sizing: border-box; padding: 6px 8px;
  cursor: pointer; white-space: nowrap; font-weight: 600; }
.layers th button:focus-visible, .layers tr:focus-visible { outline: 2px solid var(--full); outline-offset: -2px; }
.layers th[aria-sort=ascending] button::after { content: ' ▴'; }
.layers th[aria-sort=descending] button::after { content: ' ▾'; }
.layers td { padding: 4px 8px; border-bottom: 1px solid var(--line); white-space: nowrap; }
.layers .number { text-align: right; }
.layers tbody tr { cursor: pointer; } .layers tbody tr:hover td { background: var(--line); }
tr.low td { background: var(--low-paper); color: var(--low); }
tr.bad td { background: var(--bad-paper); color: var(--bad); }
tr.selected td { box-shadow: inset 0 2px var(--full), inset 0 -1px var(--full); }
.key .dot { border-radius: 50%; width: 10px; height: 10px; }
#reading { min-height: 1.5em; margin: 4px 0 0; font-variant-numeric: tabular-nums; }
.layers td.name { max-width: 300px; overflow: hidden; text-overflow: ellipsis;
  direction: rtl; text-align: left; }
.stack { display: inline-flex; width: 110px; height: 10px; border-radius: 2px; overflow: hidden;
  background: var(--line); vertical-align: middle; }
.stack i { display: block; height: 100%; }
.key b { display: inline-block; width: 18px; border-top: 2px dashed var(--ink); margin-right: 6px;
  vertical-align: 4px; }
#noise-key i { background: color-mix(in srgb, var(--soft) 25%, transparent); }
.key b.solid { border-top: 2px dashed var(--soft); }
.two { display: grid; grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); gap: 8px 32px; }
.plain { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; width: 100%; }
.plain th { text-align: left; font-weight: 600; }
.plain th, .plain td { padding: 3px 8px 3px 0; border-bottom: 1px solid var(--line); }
.plain .number { text-align: right; white-space: nowrap; } .plain td.name { overflow-wrap: anywhere; }
.plain [data-layer] { cursor: pointer; }
.plain [data-layer] .name button { all: unset; cursor: pointer; color: var(--full); }
.plain button:focus-visible, .grid button:focus-visible { outline: 2px solid var(--ink); outline-offset: -1px; }
select { font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--line); border-radius: 6px;
  padding: 4px 8px; }
@media (max-width: 800px) { .two { grid-template-columns: minmax(0, 1fr); } }
@media (max-width: 600px) { main { padding: 16px 10px 32px; } section { padding: 12px 10px; }
  .layers td.name { max-width: 150px; } .stack { width: 56px; }
  .layers th:first-child, .layers td:first-child { display: none; } }
`;
