import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { refuse, stall } from '../../local/cos/faults.ts';
import { newTransfer } from '../../shared/records/transfer.ts';
import {
  closePages,
  countsOf,
  noBrowser,
  openAt,
  openBrowser,
  PATIENCE,
  type PageBed,
  pageBed,
  type Seen,
} from '../kit/page-bed.ts';
import { bytesOf, OPTIONS, SLICE, slicesOf, targetOf } from '../kit/relay-bed.ts';

const MIB = 1_048_576;
const SLOWLY = {
  SLICE_SIZE: String(SLICE),
  MAX_CONCURRENCY: '2',
  MAX_IN_FLIGHT: '2',
  WINDOW_BYTES: String(16 * MIB),
  WATCH_MS: '50',
};
/** Until the test has seen what it wants to see, a file takes longer than any machine takes to show it. */
const slow = () => stall(10_000, 500, { op: 'upload_slice_data' });
/** Then as fast as one can watch. */
const faster = (bed: PageBed) => {
  bed.cos.clearFaults();
  bed.cos.inject(stall(10_000, 100, { op: 'upload_slice_data' }));
};

/** For the browser: each count of sent slices that the map shows from now on, in `shown`. */
const NOTE_SENT = `{
  const note = () => shown.push(Number(document.querySelector('canvas').dataset.sent));
  globalThis.shown = [];
  note();
  new MutationObserver(note).observe(document.body, { subtree: true, attributes: true, attributeFilter: ['data-sent'] });
}`;

const reason = noBrowser();
if (reason) console.warn(`the page is not tested: ${reason}`);

describe.skipIf(reason)('the page', PATIENCE, () => {
  let browser: Browser;
  let bed: PageBed;
  let seen: Seen;
  beforeAll(async () => {
    [browser, bed] = await Promise.all([openBrowser(), pageBed({ env: SLOWLY })]);
    seen = await openAt(browser, bed.address);
  }, PATIENCE.timeout);
  afterEach(() => bed.cos.clearFaults());
  afterAll(async () => {
    await closePages(browser);
    await bed?.close();
  });

  /** From now on each count of sent slices that the map shows; to be asked at the end, so that asking slows nothing down. */
  const sentAsShown = async (page: Page): Promise<() => Promise<number[]>> => {
    await page.locator('canvas').waitFor();
    await page.evaluate(NOTE_SENT);
    return () => page.evaluate<number[]>('shown');
  };
  /** The page, loaded anew: it takes a process of the browser only once. */
  const reloaded = async (): Promise<Seen> => {
    await seen.page.goto('about:blank'); // else only the part behind the # would change
    await seen.page.goto(bed.address);
    return seen;
  };
  const drop = async (key: string, slices: number) => {
    const object = await bed.put(key, slicesOf(slices));
    const ended = bed.stack.announce(object);
    ended.catch(() => undefined); // its end is what the page shows
    return object;
  };

  test('a transfer of 60 slices turns green slice by slice, and ends with its proof', async () => {
    bed.cos.inject(slow());
    await drop('films/big.mp4', 60);
    const { page, complaints } = await reloaded();
    await page.getByRole('link', { name: 'films/big.mp4' }).click();
    const shown = await sentAsShown(page);
    await expect.poll(async () => (await countsOf(page)).sent, PATIENCE).toBeGreaterThan(4);
    faster(bed);

    await page.locator('.badge.stored').waitFor();

    const counts = await shown();
    expect(new Set(counts).size).toBeGreaterThan(2);
    expect(counts).toEqual([...counts].sort((a, b) => a - b));
    await expect.poll(() => countsOf(page), PATIENCE).toEqual({ sent: 60, before: 0, missing: 0 });
    expect(await page.locator('.steps .done').count()).toBe(5);
    expect(await page.locator('.evidence .holds').allTextContents()).toHaveLength(2);
    expect(complaints).toEqual([]);
  });

  test('what was interrupted and is begun again shows what COS held before, and what was sent since', async () => {
    bed.cos.inject(slow());
    await bed.put('twice.bin', slicesOf(20));
    const asked = { json: { source: { bucket: 'source', key: 'twice.bin' } } };
    const { id } = (await bed.call('POST', '/transfers', asked)).body as { id: string }; // the bed holds it to the schema
    const opened = bed.cos.log.length;
    await expect.poll(() => bed.cos.log.length - opened, PATIENCE).toBeGreaterThan(8);
    await bed.call('DELETE', `/transfers/${id}?keepUpload=true`);
    await bed.stack.machine.idle();
    faster(bed);

    const { page, complaints } = await reloaded();
    await page.getByRole('link', { name: 'twice.bin' }).click();
    await page.getByRole('button', { name: 'Begin again' }).click();
    await page.locator('.badge.stored').waitFor();

    await expect.poll(async () => (await countsOf(page)).missing, PATIENCE).toBe(0);
    const { before, sent } = await countsOf(page);
    expect(before).toBeGreaterThan(0);
    expect(before + sent).toBe(20);
    expect(complaints).toEqual([]);
  });

  test('cancelling asks once more, and then nothing more is sent', async () => {
    bed.cos.inject(slow());
    await drop('unwanted.bin', 40);
    const { page, complaints } = await reloaded();
    const row = page.locator('.row', { hasText: 'unwanted.bin' });
    await row.getByRole('button', { name: 'Cancel', exact: true }).click();
    expect(await page.getByRole('alert').textContent()).toContain('Its unfinished upload is deleted');

    await page.getByRole('alert').getByRole('button', { name: 'Cancel' }).click();

    await row.locator('.badge.cancelled').waitFor();
    await expect.poll(() => bed.cos.unfinished('relay', 'unwanted.bin'), PATIENCE).toBeUndefined();
    expect(complaints).toEqual([]);
  });

  test('a failure tells its reason and the way out, and begins again at a click', async () => {
    bed.cos.inject(refuse(1, 403, -4003, { op: 'upload_slice_init' }));
    await drop('refused.bin', 8);
    const { page, complaints } = await reloaded();
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
    const source = { kind: 's3', bucket: 'source', etag: 'e', size: 5, lastModified: 0 } as const;
    for (let at = 0; at < 61; at += 1) {
      const named = { ...source, key: `old-${at}` };
      await bed.stack.services.store.create(newTransfer(named, targetOf(named.key), OPTIONS, at));
    }

    const { page, complaints } = await reloaded();

    await page.getByRole('button', { name: 'Opening 61' }).waitFor();
    expect(await page.locator('.row').count()).toBe(50);
    expect(complaints).toEqual([]);
  });

  test('a backfill stands above the transfers, with what it came to', async () => {
    for (const key of ['many/a.bin', 'many/b.bin', 'other.bin']) await bed.put(key, bytesOf(key, 1_000));
    const asked = { json: { source: { bucket: 'source', prefix: 'many/' } } };
    const { id } = (await bed.call('POST', '/backfills', asked)).body as { id: string }; // the bed holds it to the schema
    await bed.stack.backfills.ended(id);

    const { page, complaints } = await reloaded();
    const job = page.getByRole('region', { name: 'Backfills' });
    await job.getByText('Complete').waitFor();

    expect(await job.textContent()).toContain('source/many/');
    expect(await job.textContent()).toContain('2 of 2 objects');
    for (const name of ['many/a.bin', 'many/b.bin'])
      await page.locator('.row.stored').getByRole('link', { name }).waitFor();
    expect(complaints).toEqual([]);
  });
});
