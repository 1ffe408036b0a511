import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { VERSION } from '../../shared/version.ts';

const text = (path: string): string => readFileSync(join(import.meta.dirname, '../..', path), 'utf8');

test('the version that logs, receipts and COS are told is that of the package, and has its page in the changelog', () => {
  expect(VERSION).toBe(JSON.parse(text('package.json')).version);
  expect(text('CHANGELOG.md')).toMatch(new RegExp(`^## ${VERSION.replaceAll('.', '\\.')}`, 'm'));
});
