import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { expect, onTestFinished, test } from 'vitest';
import { deployed } from '../../bench/deployed.ts';
import { costOf } from '../../shared/backfill/cost.ts';
import { wordsOf } from '../../shared/backfill/summary.ts';
import { MEMORY_GB } from '../../shared/cost/cost-of-transfer.ts';
import type { BackfillSummary } from '../../shared/records/backfill-job.ts';
import { backfill, openBackfillBed } from '../kit/backfill-bed.ts';
import { bytesOf, SLICE } from '../kit/relay-bed.ts';

const countIn = ({ cost }: BackfillSummary, what: string): number =>
  cost?.lines.find((line) => line.what === what)?.count ?? Number.NaN;

test('the estimate counts the requests that a backfill makes, and a plan foresees them', async () => {
  // on a slow machine workers would look more often whether they are still wanted
  const bed = await openBackfillBed({ env: { WATCH_MS: '60000' } });
  onTestFinished(() => bed.close());
  const asked = new Map<string, number>();
  const dynamodb = new DynamoDBClient({
    endpoint: bed.env.AWS_ENDPOINT_URL_DYNAMODB,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  dynamodb.middlewareStack.add(
    (next, { commandName = '' }) =>
      (args) => {
        asked.set(commandName, (asked.get(commandName) ?? 0) + 1);
        return next(args);
      },
    { step: 'initialize' },
  );
  const calls: string[] = [];
  const stack = await bed.start({
    wiring: { dynamodb },
    machine: { onInvocation: ({ state }) => void calls.push(state) },
  });
  for (let at = 0; at < 60; at += 1) await bed.put(`small/${at}`, bytesOf(`${at}`, 1_000));
  for (let at = 0; at < 4; at += 1) await bed.put(`large/${at}`, bytesOf(`${at}`, 3 * SLICE));
  const near = (seen: number) => ({ least: seen * 0.8, most: seen * 1.2 });

  const plan = await backfill(bed, stack, { mode: 'plan' });
  asked.clear();
  calls.length = 0;
  const gets = bed.s3.log.length;
  const carried = await backfill(bed, stack);

  expect(plan.summary.cost?.lines.map(({ count }) => count)).toEqual(
    carried.summary.cost?.lines.map(({ count }) => count),
  );
  const reads = near((asked.get('GetItemCommand') ?? 0) + (asked.get('QueryCommand') ?? 0));
  expect(countIn(carried.summary, 'DynamoDB, reads')).toBeGreaterThan(reads.least);
  expect(countIn(carried.summary, 'DynamoDB, reads')).toBeLessThan(reads.most);
  const objects = bed.s3.log.slice(gets).filter(({ bucket, op }) => bucket === 'source' && op !== 'list');
  expect(countIn(carried.summary, 'S3, GET and HEAD')).toBeGreaterThan(near(objects.length).least);
  expect(countIn(carried.summary, 'S3, GET and HEAD')).toBeLessThan(near(objects.length).most);
  const once = calls.filter((state) => state !== 'GatherLeft' && state !== 'ReportBackfill').length;
  expect(countIn(carried.summary, 'Lambda, requests')).toBeGreaterThan(near(once).least);
  expect(countIn(carried.summary, 'Lambda, requests')).toBeLessThan(near(once).most);
});

test('the words of a plan say what carrying would cost and how long it would take, those of a backfill what it took', async () => {
  const bed = await openBackfillBed();
  onTestFinished(() => bed.close());
  const stack = await bed.start();
  await bed.put('one', bytesOf('one', 1_000));

  const [plan, carried] = [await backfill(bed, stack, { mode: 'plan' }), await backfill(bed, stack)];

  expect(wordsOf(plan.summary).message).toMatch(
    /carrying it would take about \$[\d.]+ of AWS and \$[\d.]+ of egress/,
  );
  expect(wordsOf(plan.summary).message).toMatch(/and about 1 min$/);
  expect(wordsOf(carried.summary).message).toMatch(/it took about \$[\d.]+ of AWS/);
});

test('a hundred thousand times the size is a hundred thousand times the egress', () => {
  const of = (bytes: number) =>
    costOf(
      { batches: 1, asked: 1, small: { objects: 0, bytes: 0 }, large: { objects: 1, bytes, windows: 1 } },
      1e6,
    );

  expect(of(1e14).egress).toBeCloseTo(of(1e9).egress * 1e5);
});

test('the memory that the estimate goes by is what is deployed', () => {
  const { functions, provider } = deployed;
  for (const [name, gb] of Object.entries(MEMORY_GB))
    expect([name, gb * 1_024]).toEqual([name, functions[name]?.memorySize ?? provider.memorySize]);
});
