import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { bundleOf } from '../../bench/bundles.ts';

const ROOT = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const locked: Readonly<Record<string, { readonly version?: string }>> = JSON.parse(
  read('package-lock.json'),
).packages;
/** What a function calls AWS with; npm run redrive alone calls SQS. */
const CLIENTS = ['client-dynamodb', 'client-s3', 'client-secrets-manager', 'client-sfn'].map(
  (name) => `node_modules/@aws-sdk/${name}`,
);

let bundle: Awaited<ReturnType<typeof bundleOf>>;
beforeAll(async () => {
  bundle = await bundleOf('object-created'); // it needs every client there is
});

test('every package in a bundle is of the version that the lockfile says', () => {
  const packages = new Set(bundle.inputs.flatMap((input) => PACKAGE.exec(input)?.[0] ?? []));

  const bundled = [...packages].map((path) => [path, JSON.parse(read(`${path}/package.json`)).version]);

  expect([...packages]).toEqual(expect.arrayContaining(CLIENTS));
  expect(bundled).toEqual([...packages].map((path) => [path, lockedVersion(path)]));
});
/** The innermost package that a file belongs to. */
const PACKAGE = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/;
/** npm may lay one copy beside each user, or one for all, and the lockfile says the same of both. */
const lockedVersion = (path: string): string | undefined =>
  (locked[path] ?? locked[path.replace(/.*(?=node_modules\/)/, '')])?.version;

test('a bundle holds no way to credentials but the environment, which is where Lambda puts them', () => {
  const ways = bundle.inputs.filter((input) =>
    /\/nested-clients\/|\/credential-provider-(?!node|env)/.test(input),
  );

  expect(bundle.inputs.join()).toContain('/credential-provider-env/');
  expect(ways).toEqual([]);
});

test('a bundle of the function that needs most stays below 850 kB, so that nothing large comes in by another package', () => {
  const kept = Math.round(bundle.text.length / 1_000);

  expect(kept).toBeLessThan(850);
  expect(bundle.inputs.filter((input) => input.includes('/mime-db/'))).toEqual([]);
});

test('the text of a bundle names the versions that its AWS clients tell AWS', () => {
  const told = CLIENTS.map((path) => [path, JSON.parse(read(`${path}/package.json`)).version] as const);

  expect(told.filter(([, version]) => !bundle.text.includes(`"${version}"`))).toEqual([]);
});
