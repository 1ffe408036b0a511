import { readFile } from 'node:fs/promises';
import { build } from 'esbuild';

type PageFile = { readonly type: string; readonly body: string | Uint8Array };

/** The page by the paths it is asked for. */
export type PageFiles = ReadonlyMap<string, PageFile>;

/** How the page is served: the address of the API, if it is not the relay on this machine, and how often to ask, in ms. */
export type PageOptions = { readonly api?: string; readonly pollMs: number };

const PAGE = new URL('./page/', import.meta.url);

/** Bundles the page, which takes a moment; everything it needs comes from here. */
export async function openPage({ api, pollMs }: PageOptions): Promise<PageFiles> {
  const script = await build({
    entryPoints: [new URL('main.ts', PAGE).pathname],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    minify: true,
    legalComments: 'none',
    logLevel: 'silent',
  });
  const file = async (name: string, type: string): Promise<PageFile> => ({
    type,
    body: await readFile(new URL(name, PAGE)),
  });
  return new Map([
    ['/', await file('index.html', 'text/html; charset=utf-8')],
    ['/console.css', await file('style.css', 'text/css; charset=utf-8')],
    ['/icon.svg', await file('icon.svg', 'image/svg+xml')],
    ['/console.js', { type: 'text/javascript; charset=utf-8', body: script.outputFiles[0]?.contents ?? '' }],
    ['/console.json', { type: 'application/json', body: JSON.stringify({ api, pollMs }) }],
  ]);
}

/** Only what came with the page may run, and only its own origin is asked. */
export const PAGE_HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
} as const;
