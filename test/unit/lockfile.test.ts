import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

type Locked = {
  readonly version?: string;
  readonly resolved?: string;
  readonly optionalDependencies?: Record<string, string>;
};
const lockfile = readFileSync(join(import.meta.dirname, '../../package-lock.json'), 'utf8');
const packages: Record<string, Locked> = JSON.parse(lockfile).packages;

test('the lockfile holds every optional package of every platform, or npm ci refuses it', () => {
  const held = new Set(Object.keys(packages).map((path) => path.replace(/.*node_modules\//, '')));
  const named = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).map((name) => ({ path, name })),
  );

  expect(named.length).toBeGreaterThan(50);
  expect(named.filter(({ name }) => !held.has(name))).toEqual([]);
  expect(Object.entries(packages).filter(([path, { version }]) => path !== '' && !version)).toEqual([]);
});

test('the lockfile names no registry', () => {
  expect(Object.values(packages).filter(({ resolved }) => resolved !== undefined)).toEqual([]);
});
