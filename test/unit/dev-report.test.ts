import { expect, test } from 'vitest';
import { openReport } from '../../local/dev/report.ts';
import { openStoredAlready } from '../../local/dev/stored-already.ts';
import type { Transfer } from '../../shared/records/transfer.ts';

const MIB = 1_048_576;
const ID = 'c'.repeat(40);

/** A record of which only the name is looked at. */
const named = (key: string): Transfer =>
  ({ id: ID, source: { kind: 's3', bucket: 'source', key }, target: { path: key } }) as unknown as Transfer;

function reporter(find: (id: string) => Promise<Transfer | undefined>) {
  const lines: string[] = [];
  const clock = { now: 0 };
  const report = openReport({ find, now: () => clock.now, tell: (line) => lines.push(line) });
  return { report, lines, clock };
}

const listed = (held: number) =>
  ({
    kind: 'listed',
    transferId: ID,
    size: 10 * MIB,
    heldBytes: held * MIB,
    held,
    missing: 10 - held,
    first: true,
  }) as const;
const sent = (resent = false) =>
  ({ kind: 'slice-sent', transferId: ID, bytes: MIB, inFlight: 1, resent }) as const;
const stored = {
  kind: 'stored',
  transferId: ID,
  bytes: 10 * MIB,
  tookMs: 4_000,
  how: 'sent',
  requestId: 'r',
} as const;

test('a dropped file is told by its name from its first slice to its end, a long one every two seconds', async () => {
  const { report, lines, clock } = reporter(async () => named('films/报告.mov'));

  report(listed(2));
  for (clock.now = 500; clock.now <= 4_000; clock.now += 500) report(sent());
  report(stored);
  await Promise.resolve().then(() => new Promise(setImmediate));

  expect(lines).toEqual([
    'sending   films/报告.mov: 10 MiB, 2 slices held before, 8 slices to send',
    'sending   films/报告.mov: 60% of 10 MiB, 2 MiB/s',
    'sending   films/报告.mov: 100% of 10 MiB, 2 MiB/s',
    'stored    films/报告.mov: 10 MiB in 4.00 s (sent)',
  ]);
});

test('a slice that is sent again is not counted twice', async () => {
  const { report, lines, clock } = reporter(async () => named('a'));

  report(listed(0));
  report(sent());
  clock.now = 2_000;
  report(sent(true));
  report(sent());
  await new Promise(setImmediate);

  expect(lines.at(-1)).toBe('sending   a: 20% of 10 MiB, 1 MiB/s');
});

test('a key cannot give orders to the terminal', async () => {
  const { report, lines } = reporter(async () => named('\x1b[2Jgone'));

  report(stored);
  await new Promise(setImmediate);

  expect(lines).toEqual(['stored    \\x1b[2Jgone: 10 MiB in 4.00 s (sent)']);
});

test('one that ended tells why, one that was there says that nothing was sent', async () => {
  const reason = { error: 'Superseded', message: 'a newer version owns the target' };
  const { report, lines } = reporter(
    async () => ({ ...named('a'), state: 'superseded', reason }) as Transfer,
  );

  report({ kind: 'ended', transferId: ID, state: 'superseded', error: 'Superseded' });
  await new Promise(setImmediate);
  report({ ...stored, how: 'skipped' });
  await new Promise(setImmediate);

  expect(lines).toEqual([
    'superseded a: a newer version owns the target',
    'stored    a: stored already, nothing sent',
  ]);
});

test('files that are stored already are told by their names, many by one line', async () => {
  const lines: string[] = [];
  const { promise: told, resolve } = Promise.withResolvers<void>();
  const few = openStoredAlready((line) => lines.push(line), 1);
  const many = openStoredAlready((line) => resolve(void lines.push(line)), 50);

  for (const key of ['a', 'b']) few(key);
  for (let at = 0; at < 1_000; at += 1) many(`${at}`);
  await told;

  expect(lines).toEqual([
    'stored    a: stored already, nothing sent',
    'stored    b: stored already, nothing sent',
    'stored    1000 files are stored already, nothing sent',
  ]);
});

test('where the record cannot be read, the beginning of the id stands for the name', async () => {
  const { report, lines } = reporter(() => Promise.reject(new Error('no table')));

  report({ kind: 'ended', transferId: ID, state: 'failed', error: 'SourceChanged' });
  await new Promise(setImmediate);

  expect(lines).toEqual(['failed    cccccccc: SourceChanged']);
});
