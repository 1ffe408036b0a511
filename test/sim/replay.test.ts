import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { type Kept, replay } from './campaign.ts';

const FOUND = join(import.meta.dirname, 'found');

test('the same seed gives the same trace, byte for byte, in two processes', async () => {
  const main = join(import.meta.dirname, 'main.ts');
  const play = async () => {
    const given = [main, '--seed', '7', '--runs', '40', '--trace'];
    return (await promisify(execFile)(process.execPath, given, { maxBuffer: 64 * 1_048_576 })).stdout;
  };

  const [first, second] = await Promise.all([play(), play()]);

  const traces = [first, second].map((text) => text.slice(0, text.lastIndexOf('seed 7'))); // but how long it took
  expect(traces[0]?.length).toBeGreaterThan(10_000);
  expect(traces[1]).toBe(traces[0]);
});

test.each(readdirSync(FOUND).filter((name) => name.endsWith('.json')))(
  'what broke once stays mended: %s',
  async (name) => {
    const { plan, troubles }: Kept = JSON.parse(readFileSync(join(FOUND, name), 'utf8'));

    const { violation } = await replay(plan, new Map(troubles));

    expect(violation).toBeUndefined();
  },
);
