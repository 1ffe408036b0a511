import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SOURCE_BUCKET } from '../../local/stack/stack.ts';
import { findExtra } from '../../shared/backfill/find-extra.ts';
import type { BackfillSummary } from '../../shared/records/backfill-job.ts';
import { backfill, openBackfillBed, REPORTS } from '../kit/backfill-bed.ts';
import { type Bed, bytesOf, outsider, sha1, targetOf } from '../kit/relay-bed.ts';

const never = new AbortController().signal;
let bed: Bed;
beforeEach(async () => {
  bed = await openBackfillBed();
});
afterEach(() => bed.close());

const putAll = async (...keys: string[]): Promise<void> => {
  for (const key of keys) await bed.put(key, bytesOf(key, 100));
};

/** Somebody else's files, in directories that are there. */
async function uploadAll(...paths: string[]): Promise<void> {
  const other = outsider(bed.cos);
  for (const path of paths) {
    const content = bytesOf(path, 7);
    for (const [at, letter] of [...path].entries())
      if (letter === '/') await other.createDirectory(targetOf(path.slice(0, at + 1)), never);
    await other.upload(targetOf(path), { content, insertOnly: false, sha1: sha1(content) }, never);
  }
  await other.close();
}

const extraIn = async ({ files }: BackfillSummary): Promise<string[]> => {
  const text = files.extra === undefined ? '' : await readFile(join(bed.root, REPORTS, files.extra), 'utf8');
  const keys = text.split('\n').flatMap((line): string[] => (line === '' ? [] : [JSON.parse(line).key]));
  return keys.sort();
};

test('a check finds files that are in COS only, in every directory, and counts them as trouble', async () => {
  const stack = await bed.start();
  await putAll('in/a', 'in/deep/b', 'top');
  await backfill(bed, stack);
  await uploadAll('in/foreign', 'in/deep/er/foreign', 'elsewhere/foreign', 'ÿ & %/foreign');

  const { job, summary } = await backfill(bed, stack, { mode: 'check' });
  const told = await findExtra(job, summary, stack.services, never);

  expect(await extraIn(told)).toEqual([
    'elsewhere/foreign',
    'in/deep/er/foreign',
    'in/foreign',
    'ÿ & %/foreign',
  ]);
  expect(told).toMatchObject({
    troubles: 4,
    outcomes: { equal: { objects: 3 }, extra: { objects: 4, bytes: 28 } },
  });
  expect((await stack.services.jobs.get(job.id))?.summary).toEqual(told);
});

test('below a prefix, what stands beside it is no matter', async () => {
  const stack = await bed.start();
  await putAll('in/a');
  await backfill(bed, stack);
  await uploadAll('in/foreign', 'into', 'out/foreign');
  const source = { kind: 'bucket', bucket: SOURCE_BUCKET, prefix: 'in/' } as const;

  const { job, summary } = await backfill(bed, stack, { mode: 'check', source });

  expect(await extraIn(await findExtra(job, summary, stack.services, never))).toEqual(['in/foreign']);
});

test('what came after the listing, or was deleted in S3 since, is told apart', async () => {
  const stack = await bed.start({ env: { TARGET_PATH: 'to/{key}' } });
  await putAll('stays', 'deleted');
  await backfill(bed, stack);
  await rm(join(bed.root, SOURCE_BUCKET, 'deleted'));
  const { job, summary } = await backfill(bed, stack, { mode: 'check' });
  await stack.announce(await bed.put('late', bytesOf('late', 100)));

  expect(await extraIn(await findExtra(job, summary, stack.services, never))).toEqual(['to/deleted']);
});

test('a directory of more files than a page has is read to its end', async () => {
  const stack = await bed.start();
  const other = outsider(bed.cos);
  for (let at = 0; at < 1_003; at += 1) {
    const content = bytesOf(String(at), 1 + at);
    await other.upload(targetOf(`f${at}`), { content, insertOnly: false, sha1: sha1(content) }, never);
  }
  await other.close();

  const { job, summary } = await backfill(bed, stack, { mode: 'check' });

  expect(await extraIn(await findExtra(job, summary, stack.services, never))).toHaveLength(1_003);
});
