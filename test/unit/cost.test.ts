import { expect, test } from 'vitest';
import { billOf } from '../../bench/cost/bill.ts';
import { relayOf } from '../../bench/cost/relay-of.ts';
import { runCommand, runHere } from '../kit/command.ts';

const MIB = 1_048_576;
const TIB = MIB * MIB;
const COMMAND = 'bench/cost/main.ts';

test.each([
  [40, 0.4],
  [10, 1.01],
])('a tebibyte at %i MiB/s a worker costs at most $%d besides egress', (rate, goal) => {
  const bill = billOf(relayOf({}, TIB, rate * MIB));

  expect(bill.total).toBeLessThanOrEqual(goal);
  expect(bill.total).toBeGreaterThan(goal / 3); // nothing was forgotten
  expect(bill.egress.dollars).toBeCloseTo(92.16);
});

test('the whole is the sum of its lines', () => {
  const { lines, total } = billOf(relayOf({}, 5_000 * MIB, 25 * MIB));

  expect(total).toBeCloseTo(
    lines.reduce((sum, { dollars }) => sum + dollars, 0),
    10,
  );
});

test('a slow worker is cut off by its deadline, and the rest is handed out again', () => {
  const relay = relayOf({ WINDOW_BYTES: String(4_096 * MIB), MAX_CONCURRENCY: '1' }, 4_096 * MIB, MIB);

  const transitions = billOf(relay).lines.find(({ what }) => what === 'Step Functions');

  // 880 s at 1 MiB/s: five calls for 4 GiB, each in a round of its own
  expect(transitions?.count).toBe(2 * 8 + 5 + 5 + 1);
});

test('the largest object takes few states, and ends within minutes on forty workers', () => {
  const object = 64 * 1_024 * MIB;
  const bill = billOf(relayOf({ MAX_CONCURRENCY: '40' }, object, 10 * MIB));
  const transitions = bill.lines.find(({ what }) => what === 'Step Functions')?.count ?? 0;

  expect(transitions * (TIB / object)).toBeLessThanOrEqual(1_500);
  expect(bill.hours).toBeLessThan(0.1);
  // one call carries a window even where a worker has 1 MiB/s: 880 s of its 900
  expect(bill.windowBytes).toBeLessThanOrEqual(880 * MIB);
});

test('a small object needs no machine', () => {
  const bill = billOf(relayOf({}, 1_000_000, 10 * MIB));

  expect(bill.windows).toBe(0);
  expect(bill.lines.find(({ what }) => what === 'Step Functions')?.count).toBe(0);
});

test('small objects share calls and receives, large ones their event only', () => {
  const bills = (size: number) => [1, 1_000].map((objects) => billOf(relayOf({}, size, 10 * MIB, objects)));
  const times = (size: number, what: string) => {
    const [one, many] = bills(size).map(({ lines }) => lines.find((line) => line.what === what)?.count ?? 0);
    return (many ?? 0) / (one ?? 0);
  };

  expect(times(65_536, 'Lambda, requests')).toBe(100);
  expect(times(65_536, 'SQS')).toBe(400);
  expect(times(65_536, 'DynamoDB, writes')).toBe(1_000);
  expect(times(64 * MIB, 'Step Functions')).toBe(1_000);
  const [one, many] = bills(65_536);
  expect(many?.total).toBeLessThan(800 * (one?.total ?? 0));
  expect(many?.egress.dollars).toBeCloseTo(1_000 * (one?.egress.dollars ?? 0));
});

test('--json prints one object, and nothing else', async () => {
  const { code, stdout, stderr } = await runCommand(COMMAND, ['--size', '1GiB', '--window', '64', '--json']);

  expect([code, stderr]).toEqual([0, '']);
  expect(JSON.parse(stdout)).toMatchObject({
    prices: { date: '2026-11', region: 'us-east-1' },
    bill: { windows: 20 },
  });
});

test.each([
  [[], '--size'],
  [['--size', '1XB'], '1XB'],
  [['--size', '6TiB'], '5TiB'],
  [['--size', '1GiB', '--rate', '0'], '--rate'],
  [['--size', '1GiB', '--window', '0.1'], 'WINDOW_BYTES'],
  [['--size', '1GiB', '--slice', '5'], 'SLICE_SIZE'],
  [['--size', '1GiB', '--objects', '1.5'], '--objects'],
  [['--sise', '1GiB'], '--sise'],
])('bad words are named: %j', async (args, named) => {
  const { code, stdout, stderr } = await runHere(COMMAND, args);

  expect(code).toBe(2);
  expect(stdout).toBe('');
  expect(stderr).toContain(named);
  expect(stderr).not.toContain('    at ');
});

test('an object above what COS v4 takes is named as such, one at the ceiling is not (E17)', async () => {
  const [above, within] = await Promise.all(
    ['65GiB', '64GiB'].map((size) => runHere(COMMAND, ['--size', size])),
  );

  expect(above?.stderr).toContain('MAX_OBJECT_BYTES');
  expect(above?.code).toBe(0);
  expect(within?.stderr).not.toContain('MAX_OBJECT_BYTES');
});
