import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { refuse } from '../../local/cos/faults.ts';
import {
  closePages,
  noBrowser,
  openAt,
  openBrowser,
  PATIENCE,
  type PageBed,
  pageBed,
  type Seen,
} from '../kit/page-bed.ts';
import { bytesOf } from '../kit/relay-bed.ts';

const MIB = 1_048_576;
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const reason = noBrowser();
if (reason) console.warn(`the page's accessibility is not tested: ${reason}`);

/** What axe-core finds that keeps somebody out, with the element. */
async function barriers(page: Page, script: string): Promise<string[]> {
  // through the debugger's world: the page's own policy lets no foreign script in
  await page.evaluate(`globalThis.axe ?? ${script}`);
  return page.evaluate(async () => {
    type Violation = { id: string; impact: string; nodes: { html: string }[] };
    type Axe = { run(options: object): Promise<{ violations: Violation[] }> };
    const { axe } = globalThis as unknown as { axe: Axe }; // axe.min.js defines it
    const { violations } = await axe.run({ resultTypes: ['violations'] });
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`);
  });
}

describe.skipIf(reason)('everybody can use the page', PATIENCE, () => {
  let browser: Browser;
  let bed: PageBed;
  let axe: string;
  let seen: Seen;
  beforeAll(async () => {
    axe = await readFile(AXE, 'utf8');
    browser = await openBrowser();
    bed = await pageBed({ cos: { faults: [refuse(1, 403, -4003, { op: 'upload_slice_init' })] } });
    for (const key of ['refused.bin', `stored-${'long-name-'.repeat(12)}.bin`]) {
      await bed.stack.announce(await bed.put(key, bytesOf(key, 6 * MIB))).catch(() => undefined);
      await bed.stack.machine.idle();
    }
    seen = await openAt(browser, bed.address);
  }, PATIENCE.timeout);
  afterAll(async () => {
    await closePages(browser);
    await bed?.close();
  });

  test.each([
    ['the list, light', '.row.stored', 1_280, false],
    ['the list, dark, on a phone', '.row.failed', 360, true],
    ['a stored one, light, on a phone', '.row.stored .name', 360, false],
    ['a stored one, dark', '.row.stored .name', 1_280, true],
    ['a failed one, light', '.row.failed .name', 1_280, false],
    ['a stored one, at 4K', '.row.stored .name', 3_840, false],
  ])('%s: no barrier, nothing wider than the screen', async (_, selector, width, dark) => {
    const { page, complaints } = seen;
    await page.setViewportSize({ width, height: 900 });
    await page.evaluate('location.hash = "#/"');
    await page.locator(selector).first().waitFor();
    const theme = await page.locator('html').getAttribute('data-theme');
    if (dark !== (theme === 'dark'))
      await page.getByRole('button', { name: dark ? 'Dark' : 'Light' }).click();
    if (selector.endsWith('.name')) {
      await page.locator(selector).first().click();
      await page.locator('.head.detail').waitFor();
    }

    expect(await barriers(page, axe)).toEqual([]);
    const [wide, shown] = await page.evaluate<number[]>('[document.documentElement.scrollWidth, innerWidth]');
    expect(wide).toBeLessThanOrEqual(shown ?? 0);
    expect(complaints).toEqual([]);
  });

  test('the keyboard walks through the slices, and each is told', async () => {
    const { page } = seen;
    await page.evaluate('location.hash = "#/"');
    await page.locator('.row.stored .name').click();
    const [map, told] = [page.locator('canvas'), page.locator('.pointed')];
    const press = async (key: string) => {
      await map.press(key);
      return told.textContent();
    };

    await expect.poll(() => press('ArrowLeft'), PATIENCE).toContain('slice 1 of 6'); // once the map is drawn it hears keys
    await press('ArrowRight');

    await expect.poll(() => told.textContent(), PATIENCE).toBe('slice 2 of 6, from 1 MiB: sent, MD5 echoed');
  });

  test('it speaks Chinese to a Chinese browser, and English at a click; the choice stays', async () => {
    const { page, complaints } = await openAt(browser, bed.address, { language: 'zh-CN' });
    await page.getByRole('heading', { name: '传输任务' }).waitFor();
    expect(await page.locator('html').getAttribute('lang')).toBe('zh-CN');
    expect(await page.locator('footer').textContent()).toBe('本机上的中继（npm run dev）');

    await page.getByRole('button', { name: 'English' }).click();
    await page.reload();

    await page.getByRole('heading', { name: 'Transfers' }).waitFor();
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  test('the scrub bar shows an earlier time, and the receipt is one file that needs nothing else', async () => {
    const { page } = seen;
    await page.evaluate('location.hash = "#/"');
    await page.locator('.row.stored .name').click();
    await page.locator('input[type=range]').fill('0');
    await expect.poll(() => page.locator('canvas').getAttribute('data-sent'), PATIENCE).toBe('0');
    const saved = page.waitForEvent('download');

    await page.getByRole('button', { name: 'Save receipt' }).click();

    const text = await readFile(await (await saved).path(), 'utf8');
    expect(text).toContain('6 of 6 slices echoed by COS');
    expect(text).not.toMatch(/<(script|link|img)|https?:\/\/(?!127\.0\.0\.1)/);
  });

  test('without its key the page shows nothing but the question for it', async () => {
    const { page } = await openAt(browser, bed.origin);

    await page.locator('input[name=key]').waitFor();

    expect(await page.locator('.row').count()).toBe(0);
    await page.context().close();
  });
});
