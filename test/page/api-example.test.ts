import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stall } from '../../local/cos/faults.ts';
import { type ApiBed, apiBed, TOKEN } from '../kit/api-bed.ts';
import { closePages, noBrowser, openBrowser, PATIENCE } from '../kit/page-bed.ts';
import { bytesOf, sendings } from '../kit/relay-bed.ts';

const MIB = 1_048_576;
const SLICE = 524_288;
const reason = noBrowser();
if (reason) console.warn(`the page in docs/api.md is not tested: ${reason}`);

describe.skipIf(reason)('the page in docs/api.md', PATIENCE, () => {
  let browser: Browser;
  let bed: ApiBed;
  let dir: string;
  let origin: string;
  let close: () => Promise<void>;
  beforeAll(async () => {
    const docs = await readFile(new URL('../../docs/api.md', import.meta.url), 'utf8');
    const page = /```html\n([\s\S]*?)```/.exec(docs)?.[1];
    const server = createServer((_, response) => {
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(page);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    origin = `http://127.0.0.1:${address.port}`;
    close = async () => {
      server.close();
      server.closeAllConnections();
    };
    browser = await openBrowser();
    dir = await mkdtemp(join(tmpdir(), 'api-example-'));
    bed = await apiBed({ env: { SLICE_SIZE: String(SLICE) } }, { corsOrigin: origin });
  }, PATIENCE.timeout);
  afterAll(async () => {
    await closePages(browser);
    await bed?.close();
    await close?.();
    await rm(dir, { recursive: true, force: true });
  });

  /** A tab of another origin than the API's, which has the token as a page of a user has it. */
  async function openTab() {
    const context = await browser.newContext();
    await context.addInitScript(
      ([api, token]) => Object.assign(globalThis, { relay: { api, token: async () => token } }),
      [bed.origin, TOKEN] as const,
    );
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE.timeout);
    await page.goto(origin);
    return { page, said: page.locator('output'), input: page.locator('input') };
  }

  test('stores a file, and after a reload sends only what is missing', async () => {
    const content = bytesOf('example', 8 * MIB);
    const file = join(dir, '报告.bin');
    await writeFile(file, content);
    bed.cos.inject(stall(10_000, 150, { op: 'upload_slice_data' }));
    const { page, said, input } = await openTab();
    await input.setInputFiles(file);
    await expect.poll(() => sendings(bed.cos).size, PATIENCE).toBeGreaterThan(4);

    await page.reload();
    expect(await said.textContent()).toBe('choose 报告.bin again to go on');
    const before = sendings(bed.cos).size;
    await input.setInputFiles(file);
    await said.getByText('stored: 8388608 bytes').waitFor();
    bed.cos.clearFaults();

    const stored = await bed.cos.file('relay', '报告.bin');
    const twice = [...sendings(bed.cos).values()].filter((count) => count > 1);
    expect((await readFile(stored?.dataPath ?? '')).equals(content)).toBe(true);
    expect(before).toBeLessThan(16);
    expect(twice.length).toBeLessThanOrEqual(4); // those in flight when the page went
    expect(await page.evaluate(() => localStorage.length)).toBe(0);
  });

  test('says what the API refuses', async () => {
    const empty = join(dir, 'empty.bin');
    await writeFile(empty, '');
    const { said, input } = await openTab();

    await input.setInputFiles(empty);

    await said.getByText('not stored: body.size').waitFor();
  });
});
