import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const DOCS = join(import.meta.dirname, '../../docs');
const tour = readFileSync(join(DOCS, 'tour.md'), 'utf8');
const links = [...tour.matchAll(/\[`(\w+)`\]\(([^)#]+)\)/g)].map(([, name = '', path = '']) => ({
  name,
  path,
}));

test('every file the tour links to is there', () => {
  const paths = [...tour.matchAll(/\]\(([^)#]+)\)/g)].map(([, path = '']) => path);

  expect(paths.filter((path) => !existsSync(join(DOCS, path)))).toEqual([]);
});

test('every name on the tour is defined in the file it links to', () => {
  const lost = links.filter(({ name, path }) => {
    const text = existsSync(join(DOCS, path)) ? readFileSync(join(DOCS, path), 'utf8') : '';
    const definition = path.endsWith('.yml')
      ? new RegExp(`^ +${name}:$`, 'm')
      : new RegExp(`^(export )?(async )?(const|function|class|type) ${name}\\b`, 'm');
    return !definition.test(text);
  });

  expect(links.length).toBeGreaterThan(30);
  expect(lost).toEqual([]);
});

test('the tour comes through every room of a transfer', () => {
  const rooms = [
    'lambda',
    'lambda/http',
    'api',
    'events',
    'relay',
    'worker',
    'transfer',
    'target',
    'cos',
    's3',
  ];

  const missed = rooms.filter((room) => !links.some(({ path }) => path.startsWith(`../shared/${room}/`)));

  expect(missed).toEqual([]);
});
