import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { stall } from '../../local/cos/faults.ts';
import { noBrowser, openAt, openBrowser, PATIENCE, type PageBed, pageBed } from '../kit/page-bed.ts';
import { bytesOf, sendings } from '../kit/relay-bed.ts';

const MIB = 1_048_576;
const reason = noBrowser();
if (reason) console.warn(`uploads of the page are not tested: ${reason}`);

describe.skipIf(reason)('an upload from the page', PATIENCE, () => {
  let browser: Browser;
  let bed: PageBed;
  let dir: string;
  beforeAll(async () => {
    browser = await openBrowser();
    dir = await mkdtemp(join(tmpdir(), 'page-upload-'));
  });
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
    await bed.close();
  });
  afterAll(async () => {
    await browser?.close();
    await rm(dir, { recursive: true, force: true });
  });

  test('goes on after a reload: chosen again, only what is missing is sent', async () => {
    bed = await pageBed({
      env: { SLICE_SIZE: '524288' },
      cos: { faults: [stall(10_000, 150, { op: 'upload_slice_data' })] },
    });
    const path = join(dir, '报告 & plan.bin');
    await writeFile(path, bytesOf('upload', 6 * MIB));
    const { page, complaints } = await openAt(browser, bed.address);
    await page.locator('input[type=file]').setInputFiles(path);
    await expect.poll(() => sendings(bed.cos).size, PATIENCE).toBeGreaterThan(3);

    await page.reload();
    await page.locator('.upload.paused').waitFor();
    const before = sendings(bed.cos).size;
    await page.locator('input[type=file]').setInputFiles(path);
    await page.locator('.row.stored').waitFor();

    const twice = [...sendings(bed.cos).values()].filter((count) => count > 1).length;
    expect(before).toBeLessThan(12);
    expect(twice).toBeLessThanOrEqual(4); // those in flight when the page went
    expect((await bed.cos.file('relay', '报告 & plan.bin'))?.size).toBe(6 * MIB);
    expect(await page.locator('.upload').count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  test('waits while the network is gone, and goes on by itself', async () => {
    bed = await pageBed({ cos: { faults: [stall(10_000, 60, { op: 'upload_slice_data' })] } });
    const path = join(dir, 'offline.bin');
    await writeFile(path, bytesOf('offline', 6 * MIB));
    const { page, complaints } = await openAt(browser, bed.address);
    await page.locator('input[type=file]').setInputFiles(path);
    await expect.poll(() => sendings(bed.cos).size, PATIENCE).toBeGreaterThan(0);

    await page.context().setOffline(true);
    await page.locator('.upload.offline').waitFor();
    await page.context().setOffline(false);

    await page.locator('.row.stored').waitFor();
    expect(complaints).toEqual([]);
  });

  test('a sample is one click away on an empty page', async () => {
    bed = await pageBed();
    const { page, complaints } = await openAt(browser, bed.address);

    await page.getByRole('button', { name: /Send a sample/ }).click();

    await page.locator('.row.stored').waitFor();
    expect(complaints).toEqual([]);
  });
});
