import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');

/** Words every room may use. */
const WORDS = ['shared/errors.ts', 'shared/time.ts', 'shared/retry.ts', 'shared/config.ts'];

/** The doors of CONTRIBUTING.md: which rooms a room may look into, besides itself and the words. */
const DOORS: Record<string, readonly string[]> = {
  functions: ['shared/lambda', 'shared/relay'],
  'shared/lambda': ['shared/relay', 'shared/session', 'shared/wiring.ts'],
  'shared/relay': ['shared/cos', 'shared/session', 'shared/source', 'shared/slices'],
  'shared/session': ['shared/cos', 'shared/slices'],
  'shared/source': ['shared/slices'],
  'shared/cos': ['shared/slices'],
  'shared/slices': [],
  'shared/words': [
    'shared/words',
    'shared/lambda',
    'shared/relay',
    'shared/cos',
    'shared/session',
    'shared/source',
    'shared/slices',
  ],
  local: [
    'shared/words',
    'shared/lambda',
    'shared/relay',
    'shared/session',
    'shared/source',
    'shared/slices',
    'functions',
  ],
  tools: ['local', 'shared/words', 'shared/lambda', 'shared/relay', 'shared/session'],
  // a fake that shares code with its subject shares its mistakes
  'local/cos': [],
  'local/s3': [],
};

test('every import goes through a door of the table', () => {
  const files = ['functions', 'shared', 'local', 'tools'].flatMap(sources);

  const trespasses = files.flatMap((file) =>
    importsOf(file)
      .filter((imported) => !mayLook(file, imported))
      .map((imported) => `${file} looks into ${imported}`),
  );

  expect(files.length).toBeGreaterThan(50);
  expect(trespasses).toEqual([]);
});

test('the table would notice a trespass', () => {
  expect(mayLook('local/cos/endpoint.ts', 'shared/cos/signature.ts')).toBe(false);
  expect(mayLook('shared/slices/slices.ts', 'shared/relay/step.ts')).toBe(false);
  expect(mayLook('functions/open-upload.ts', 'shared/cos/client.ts')).toBe(false);
  expect(mayLook('shared/relay/step.ts', 'shared/session/store.ts')).toBe(true);
});

function mayLook(file: string, imported: string): boolean {
  const [from, to] = [roomOf(file), roomOf(imported)];
  if (from === to) return true;
  if (WORDS.includes(imported) && from !== 'local/cos' && from !== 'local/s3') return true;
  const doors = DOORS[from] ?? [];
  return doors.includes(to) || doors.includes(imported) || (from === 'local' && to.startsWith('local/'));
}

function roomOf(file: string): string {
  const [top = '', next = ''] = file.split('/');
  if (top === 'functions' || top === 'tools') return top;
  if (top === 'local') return next === 'cos' || next === 's3' ? `local/${next}` : 'local';
  return next.endsWith('.ts') ? 'shared/words' : `shared/${next}`;
}

function sources(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
    .map((name) => join(folder, name));
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  return [...text.matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)].map(([, path = '']) =>
    relative(ROOT, join(ROOT, dirname(file), path)),
  );
}
