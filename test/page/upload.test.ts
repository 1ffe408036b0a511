import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { stall } from '../../local/cos/faults.ts';
import {
  closePages,
  noBrowser,
  openAt,
  openBrowser,
  PATIENCE,
  type PageBed,
  pageBed,
} from '../kit/page-bed.ts';
import { SLICE, seen, slicesOf } from '../kit/relay-bed.ts';

const SLICES = 12;
const reason = noBrowser();
if (reason) console.warn(`uploads of the page are not tested: ${reason}`);

describe.skipIf(reason)('an upload from the page', PATIENCE, () => {
  let browser: Browser;
  let bed: PageBed;
  let dir: string;
  beforeAll(async () => {
    [browser, bed] = await Promise.all([openBrowser(), pageBed({ env: { SLICE_SIZE: String(SLICE) } })]);
    dir = await mkdtemp(join(tmpdir(), 'page-upload-'));
  }, PATIENCE.timeout);
  afterEach(async () => {
    bed.cos.clearFaults();
    await closePages(browser);
  });
  afterAll(async () => {
    await closePages(browser);
    await bed?.close();
    await rm(dir, { recursive: true, force: true });
  });

  /** Offsets of the slices that COS has seen of a file. */
  const sent = (name: string) =>
    seen(bed.cos, 'upload_slice_data').flatMap(({ path, offset }) => (path.endsWith(name) ? [offset] : []));
  const stored = (page: Page, name: string) => page.locator('.row.stored', { hasText: name });

  test('a sample is one click away on an empty page', async () => {
    const { page, complaints } = await openAt(browser, bed.address);

    await page.getByRole('button', { name: /Send a sample/ }).click();

    await page.locator('.row.stored').waitFor();
    expect(complaints).toEqual([]);
  });

  test('goes on after a reload: chosen again, only what is missing is sent', async () => {
    bed.cos.inject(stall(10_000, 2_000, { op: 'upload_slice_data', skip: 4 })); // until it is reloaded
    const path = join(dir, '报告 & plan.bin');
    await writeFile(path, slicesOf(SLICES));
    const { page, complaints } = await openAt(browser, bed.address);
    await page.locator('input[type=file]').setInputFiles(path);
    await expect.poll(() => sent('plan.bin').length, PATIENCE).toBeGreaterThan(3);

    await page.reload();
    bed.cos.clearFaults();
    await page.locator('.upload.paused').waitFor();
    const before = new Set(sent('plan.bin')).size;
    await page.locator('input[type=file]').setInputFiles(path);
    await stored(page, 'plan.bin').waitFor();

    const offsets = sent('plan.bin');
    expect(before).toBeLessThan(SLICES);
    expect(new Set(offsets).size).toBe(SLICES);
    expect(offsets.length).toBeLessThanOrEqual(SLICES + 4); // those in flight when the page went
    expect((await bed.cos.file('relay', '报告 & plan.bin'))?.size).toBe(SLICES * SLICE);
    expect(await page.locator('.upload').count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  test('waits while the network is gone, and goes on by itself', async () => {
    bed.cos.inject(stall(10_000, 500, { op: 'upload_slice_data' })); // until the network is gone
    const path = join(dir, 'offline.bin');
    await writeFile(path, slicesOf(SLICES));
    const { page, complaints } = await openAt(browser, bed.address);
    await page.locator('input[type=file]').setInputFiles(path);
    await expect.poll(() => sent('offline.bin').length, PATIENCE).toBeGreaterThan(0);

    await page.context().setOffline(true);
    await page.locator('.upload.offline').waitFor();
    bed.cos.clearFaults();
    await page.context().setOffline(false);

    await stored(page, 'offline.bin').waitFor();
    expect(complaints).toEqual([]);
  });
});
