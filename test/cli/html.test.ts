// The page: what is in it, that names cannot leave their place, and that it draws itself without an error.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { command, folder, matrix, models, safetensorsFile } from './command.js';

const files = folder();
afterAll(() => files.remove());

const holed = matrix(4, 4);
holed[5] = Number.POSITIVE_INFINITY;
const EVIL = '</script><script>document.title = "taken"</script>';
const model = files.write(
  'model.safetensors',
  safetensorsFile({
    [EVIL]: [[6, 5], matrix(6, 5, 2)],
    zero: [[3, 3], new Float32Array(9)],
    holed: [[4, 4], holed],
    empty: [[0, 4], new Float32Array(0)],
    large: [[700, 650], matrix(700, 650)],
  }),
);
const page = join(files.path, 'page.html');
const data = (html: string) =>
  JSON.parse(/<script type="application\/json" id="report">(.*)<\/script>/.exec(html)![1]);

describe('--html', () => {
  it('has every layer with its spectrum, and needs no network', async () => {
    const { status } = await command([model, '--html', page]);
    expect(status).toBe(1); // holed
    const html = readFileSync(page, 'utf8');
    const { layers } = data(html);
    expect(layers).toHaveLength(5);
    expect(layers[0]).toMatchObject({ name: EVIL, rank: 2, full: 5 });
    expect(layers[0].at).toContain(3);
    expect(layers[1]).toMatchObject({ rank: 0, values: [], zeros: 3 });
    expect(layers[2].error).toContain('Infinity');
    expect(layers[4].values.length).toBeLessThan(600);
    expect(layers[4].at.at(-1)).toBe(650);
    expect(html).not.toContain(EVIL);
    expect(html).not.toMatch(/(src|href)="?http/);
  });

  it('says what to shrink, which block is which, and what rounding can make', async () => {
    const [wide, low] = [matrix(64, 48), matrix(64, 48, 3)];
    const tensors = Object.fromEntries(
      [0, 1].flatMap((b) =>
        ['q', 'k'].map((part) => [
          `h.${b}.attn.${part}_proj.weight`,
          [[64, 48], part === 'q' ? wide : low] as [number[], Float32Array],
        ]),
      ),
    );
    await command([files.write('blocks.safetensors', safetensorsFile(tensors)), '--html', `${page}4`]);
    const html = readFileSync(`${page}4`, 'utf8');
    const { layers, totals, shrink } = data(html);
    expect(layers.map((l: { block: string; kind: string }) => [l.block, l.kind])).toEqual([
      ['h.0', 'q'],
      ['h.0', 'k'],
      ['h.1', 'q'],
      ['h.1', 'k'],
    ]);
    expect(layers[1].energy[3]).toBeLessThanOrEqual(3);
    expect(totals[0]).toMatchObject({ energy: 1, layers: 2, saves: 2 * (64 * 48 - 3 * 112) });
    expect(shrink.slice(0, 2).map((s: { layer: number }) => s.layer)).toEqual([1, 3]);
    expect(html).toContain('What to shrink');
  });

  it('--compare has both spectra', async () => {
    const before = files.write(
      'before.safetensors',
      safetensorsFile({ w: [[30, 20], matrix(30, 20)], gone: [[3, 3], matrix(3, 3)] }),
    );
    const after = files.write('after.safetensors', safetensorsFile({ w: [[30, 20], matrix(30, 20, 4)] }));
    const { status } = await command([before, '--compare', after, '--html', `${page}5`]);
    expect(status).toBe(0);
    const { title, layers } = data(readFileSync(`${page}5`, 'utf8'));
    expect(title).toBe(`${before} → ${after}`);
    expect(layers[0]).toMatchObject({ name: 'w', rank: 4, before: { rank: 20 } });
    expect(layers[0].before.values).toHaveLength(20);
    expect(layers[1]).toMatchObject({ name: 'gone', rank: 3 });
    expect(layers[1].before).toBeUndefined();
  });

  it.runIf(existsSync('/usr/bin/chromium'))('draws, sorts and filters in a browser', async () => {
    const { chromium } = await import('playwright-core');
    await command([join(models, 'ch_PP-OCRv4_rec_infer.onnx'), '--html', `${page}2`]);
    await command([files.write('none.safetensors', safetensorsFile({})), '--html', `${page}3`]);
    const args = [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
    ];
    const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args });
    try {
      const tab = await browser.newPage({ viewport: { width: 400, height: 800 } });
      const trouble: string[] = [];
      tab.on('console', (message) => trouble.push(message.text()));
      tab.on('pageerror', (error) => trouble.push(error.message));
      const open = async (file: string) => tab.setContent(readFileSync(file, 'utf8'), { waitUntil: 'load' });

      await open(`${page}3`);
      expect(await tab.textContent('#shown')).toBe('0 of 0');
      await open(page);
      expect(await tab.title()).toContain('model.safetensors');
      for (let row = 1; row <= 5; row++) await tab.click(`#rows tr:nth-child(${row})`);
      expect(await tab.textContent('#layer-name')).toBe('large');

      await open(`${page}2`);
      expect(await tab.textContent('#shown')).toBe('47 of 47');
      expect(await tab.locator('canvas').count()).toBe(2);
      expect(await tab.evaluate(() => document.documentElement.scrollWidth)).toBe(400);
      await tab.check('#low-only');
      expect(await tab.textContent('#shown')).toBe('10 of 47');
      await tab.click('#heads button:text-is("rank")');
      expect(await tab.textContent('#rows tr:first-child')).toContain('conv2d_106.w_0');
      await tab.click('#heads button:text-is("rank")');
      expect(await tab.textContent('#rows tr:first-child')).toContain('466');
      await tab.fill('#filter', '184');
      await tab.click('#rows tr');
      expect(await tab.textContent('#layer-facts')).toContain('rank 464 of 480');
      expect(await tab.textContent('#reading')).toMatch(/^σ1 = [\d.]+, σ464 = .*; tolerance /);
      await tab.click('#shrink tr[data-layer] button');
      expect(await tab.textContent('#layer-name')).toBe('conv2d_117.w_0');
      await open(`${page}5`);
      expect(await tab.textContent('#layer-facts')).toContain('rank 20 → 4 of 20');
      await open(`${page}4`);
      await tab.click('#grid tr:nth-child(3) td:nth-child(3) button');
      expect(await tab.textContent('#layer-name')).toBe('h.1.attn.k_proj.weight');
      expect(await tab.evaluate(() => document.documentElement.scrollWidth)).toBe(400);
      await tab.emulateMedia({ colorScheme: 'dark' });
      expect(trouble).toEqual([]);
    } finally {
      await browser.close();
    }
  });
});
