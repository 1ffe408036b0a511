import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import { openPage } from '../../local/console/page-files.ts';
import type { StackOptions } from '../../local/stack/stack.ts';
import { type ApiBed, apiBed, TOKEN } from './api-bed.ts';

const CHROMIUM = process.env.CHROMIUM || '/usr/bin/chromium';
const ARGS = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A browser and a relay on a busy machine: no test of the page waits for less, and none for time itself. */
export const PATIENCE = { timeout: 180_000 } as const;

/** Why no browser can be had; undefined where there is one. */
export const noBrowser = (): string | undefined =>
  existsSync(CHROMIUM) ? undefined : `no browser at ${CHROMIUM}: install chromium, or name one by CHROMIUM`;

let opened: Promise<Browser> | undefined;

/** One for all files that a worker runs: a browser takes seconds to start. It ends with the worker. */
export function openBrowser(): Promise<Browser> {
  opened ??= chromium.launch({ executablePath: CHROMIUM, args: ARGS });
  return opened;
}

/** Closes every page of it. */
export async function closePages(browser: Browser): Promise<void> {
  for (const context of browser.contexts()) await context.close();
}

export type PageBed = ApiBed & { readonly address: string };

/** The stack with the API and the page in front of it. */
export async function pageBed(options: Partial<StackOptions> = {}): Promise<PageBed> {
  const page = await openPage({ pollMs: 400 });
  const env = { SMALL_OBJECT_MAX: '0', PROGRESS_MS: '200', ...options.env };
  const bed = await apiBed({ ...options, env }, { page });
  return { ...bed, address: `${bed.origin}/#key=${TOKEN}` };
}

export type Seen = {
  readonly page: Page;
  /** What the page complained of, each line once. */
  readonly complaints: readonly string[];
};

/** A new page with its own storage. Answers that say no are the API's business; everything else is a complaint. */
export async function openAt(
  browser: Browser,
  address: string,
  look: { readonly width?: number; readonly language?: string; readonly dark?: boolean } = {},
): Promise<Seen> {
  const context = await browser.newContext({
    viewport: { width: look.width ?? 1_280, height: 900 },
    locale: look.language ?? 'en-US',
    colorScheme: look.dark ? 'dark' : 'light',
  });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE.timeout);
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      complaints.push(message.text());
  });
  await page.goto(address);
  return { page, complaints };
}

/** The counts that the slice map tells. */
export const countsOf = async (page: Page): Promise<{ sent: number; before: number; missing: number }> => {
  const canvas = page.locator('canvas');
  const [sent, before, missing] = await Promise.all(
    ['sent', 'before', 'missing'].map(async (name) => Number(await canvas.getAttribute(`data-${name}`))),
  );
  return { sent: sent ?? 0, before: before ?? 0, missing: missing ?? 0 };
};
