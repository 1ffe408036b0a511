import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig } from '../../shared/config.ts';

const ROOT = join(import.meta.dirname, '../..');
const text = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const readme = text('README.md');

/** name → default, from the table of the README; a row may hold two names with their defaults. */
const table = new Map(
  [...readme.matchAll(/^\| (`[A-Z][^|]*) \|[^|]*\|([^|]*)\|$/gm)].flatMap(([, names = '', presets = '']) => {
    const values = presets.split(',').map((value) => value.trim().replaceAll('`', ''));
    return [...names.matchAll(/`([A-Z0-9_]+)`/g)].map(
      ([, name = ''], at) => [name, values[at] ?? values[0] ?? ''] as const,
    );
  }),
);

test('the README names every variable of the configuration, and no other', () => {
  const known = [...text('shared/config.ts').matchAll(/^ {2,4}([A-Z][A-Z0-9_]+): /gm)].map(
    ([, name]) => name,
  );

  expect([...table.keys()].sort()).toEqual([...new Set(known)].sort());
});

test('the README tells the defaults as they are', () => {
  const required = { COS_REGION: 'gz', COS_APP_ID: '1', COS_BUCKET: 'b', COS_SECRET_NAME: 'n' };
  const config = Object.entries(loadConfig(required)).filter(([name]) => !(name in required));

  for (const [name, value] of config) expect(`${name} ${table.get(name)}`).toBe(`${name} ${String(value)}`);
});

test('every command that the documents name exists', () => {
  const scripts = Object.keys(JSON.parse(text('package.json')).scripts);
  const documents = [
    'README.md',
    'README.zh-CN.md',
    'CONTRIBUTING.md',
    'docs/deploy.md',
    'docs/operations.md',
    'docs/api.md',
  ];
  const named = documents.flatMap((path) =>
    [...text(path).matchAll(/npm run ([a-z:]+)/g)].map(([, name = '']) => name),
  );

  expect(named.filter((name) => !scripts.includes(name))).toEqual([]);
});

test('every file that the README links to exists', () => {
  const links = [...readme.matchAll(/\]\(([^)#:]+)\)/g)].map(([, path = '']) => path);

  expect(links.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
});
