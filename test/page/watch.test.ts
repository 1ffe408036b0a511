import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { refuse, stall } from '../../local/cos/faults.ts';
import { newTransfer } from '../../shared/records/transfer.ts';
import {
  countsOf,
  noBrowser,
  openAt,
  openBrowser,
  PATIENCE,
  type PageBed,
  pageBed,
} from '../kit/page-bed.ts';
import { bytesOf, OPTIONS, sendings, targetOf } from '../kit/relay-bed.ts';

const MIB = 1_048_576;
const SLOW = { faults: [stall(10_000, 40, { op: 'upload_slice_data' })] };
const ONE_AT_A_TIME = { MAX_CONCURRENCY: '2', MAX_IN_FLIGHT: '2', WINDOW_BYTES: String(16 * MIB) };

const reason = noBrowser();
if (reason) console.warn(`the page is not tested: ${reason}`);

describe.skipIf(reason)('the page', PATIENCE, () => {
  let browser: Browser;
  let bed: PageBed;
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
    await bed.close();
  });
  afterAll(() => browser?.close());

  const drop = async (key: string, mib: number) => {
    const object = await bed.put(key, bytesOf(key, mib * MIB));
    const ended = bed.stack.announce(object);
    ended.catch(() => undefined); // its end is what the page shows
    return object;
  };

  test('a transfer of 200 slices turns green slice by slice, and ends with its proof', async () => {
    bed = await pageBed({ env: { ...ONE_AT_A_TIME, SLICE_SIZE: '524288' }, cos: SLOW });
    await drop('films/big.mp4', 100);
    const { page, complaints } = await openAt(browser, bed.address);
    await page.getByRole('link', { name: 'films/big.mp4' }).click();
    await page.locator('canvas').waitFor();

    const seen: number[] = [];
    while ((await page.locator('.badge.stored').count()) === 0) seen.push((await countsOf(page)).sent);

    expect(new Set(seen).size).toBeGreaterThan(2);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    await expect.poll(() => countsOf(page), PATIENCE).toEqual({ sent: 200, before: 0, missing: 0 });
    expect(await page.locator('.steps .done').count()).toBe(5);
    expect(await page.locator('.evidence .holds').allTextContents()).toHaveLength(2);
    expect(complaints).toEqual([]);
  });

  test('what was interrupted and is begun again shows what COS held before, and what was sent since', async () => {
    bed = await pageBed({ env: ONE_AT_A_TIME, cos: SLOW });
    await bed.put('twice.bin', bytesOf('twice.bin', 20 * MIB));
    const asked = { json: { source: { bucket: 'source', key: 'twice.bin' } } };
    const { id } = (await bed.call('POST', '/transfers', asked)).body as { id: string }; // the bed holds it to the schema
    await expect.poll(() => sendings(bed.cos).size, PATIENCE).toBeGreaterThan(4);
    await bed.call('DELETE', `/transfers/${id}?keepUpload=true`);
    await bed.stack.machine.idle();

    const { page, complaints } = await openAt(browser, bed.address);
    await page.locator('.row.cancelled .name').click();
    await page.getByRole('button', { name: 'Begin again' }).click();
    await page.locator('.badge.stored').waitFor();

    await expect.poll(async () => (await countsOf(page)).missing, PATIENCE).toBe(0);
    const { before, sent } = await countsOf(page);
    expect(before).toBeGreaterThan(0);
    expect(before + sent).toBe(20);
    expect(complaints).toEqual([]);
  });

  test('cancelling asks once more, and then nothing more is sent', async () => {
    bed = await pageBed({ env: ONE_AT_A_TIME, cos: SLOW });
    await drop('unwanted.bin', 100);
    const { page, complaints } = await openAt(browser, bed.address);
    await page.getByRole('button', { name: 'Cancel', exact: true }).first().click();
    expect(await page.getByRole('alert').textContent()).toContain('Its unfinished upload is deleted');

    await page.getByRole('alert').getByRole('button', { name: 'Cancel' }).click();

    await page.locator('.row.cancelled').waitFor();
    await expect.poll(() => bed.cos.unfinished('relay', 'unwanted.bin'), PATIENCE).toBeUndefined();
    expect(complaints).toEqual([]);
  });

  test('a failure tells its reason and the way out, and begins again at a click', async () => {
    bed = await pageBed({ cos: { faults: [refuse(1, 403, -4003, { op: 'upload_slice_init' })] } });
    await drop('refused.bin', 4);
    const { page, complaints } = await openAt(browser, bed.address);
    await page.locator('.row.failed .reason').waitFor();
    await page.getByRole('link', { name: 'refused.bin' }).click();
    const why = page.locator('.why');
    expect(await why.textContent()).toContain('What to do');
    expect(await page.locator('.steps .stopped').count()).toBe(1);

    await page.getByRole('button', { name: 'Begin again' }).click();

    await page.locator('.badge.stored').waitFor();
    expect(await why.count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  test('the counts of states are of all transfers, not of those that are shown', async () => {
    bed = await pageBed();
    const source = { kind: 's3', bucket: 'source', etag: 'e', size: 5, lastModified: 0 } as const;
    for (let at = 0; at < 61; at += 1) {
      const named = { ...source, key: `old-${at}` };
      await bed.stack.services.store.create(newTransfer(named, targetOf(named.key), OPTIONS, at));
    }

    const { page, complaints } = await openAt(browser, bed.address);

    await page.getByRole('button', { name: 'Opening 61' }).waitFor();
    await page.getByRole('button', { name: 'Stored 0' }).waitFor();
    expect(await page.locator('.row').count()).toBe(50);
    expect(complaints).toEqual([]);
  });

  test('a backfill stands above the transfers, with what it came to', async () => {
    bed = await pageBed();
    for (const key of ['films/a.bin', 'films/b.bin', 'other.bin']) await bed.put(key, bytesOf(key, 1_000));
    const asked = { json: { source: { bucket: 'source', prefix: 'films/' } } };
    const { id } = (await bed.call('POST', '/backfills', asked)).body as { id: string }; // the bed holds it to the schema
    await bed.stack.backfills.ended(id);

    const { page, complaints } = await openAt(browser, bed.address);
    const job = page.getByRole('region', { name: 'Backfills' });
    await job.getByText('Complete').waitFor();

    expect(await job.textContent()).toContain('source/films/');
    expect(await job.textContent()).toContain('2 of 2 objects');
    await expect.poll(() => page.locator('.row.stored .name').count(), PATIENCE).toBe(2);
    expect(complaints).toEqual([]);
  });
});
