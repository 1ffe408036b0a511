import fc from 'fast-check';
import { expect, test } from 'vitest';
import { handler } from '../../functions/object-created.ts';
import { localContext } from '../../local/stack/machine.ts';
import { openHttpClient } from '../../shared/cos/http-client.ts';
import * as errors from '../../shared/errors.ts';
import type { LogFields } from '../../shared/observe/observe.ts';
import type { Transfer } from '../../shared/records/transfer.ts';
import { settingsOf, type Wired, withServices } from '../../shared/wiring/wiring.ts';
import { type CosAct, oddCos, oddS3, type S3Act } from '../kit/odd-peers.ts';
import { emptyTable, openTableModel } from '../sim/models/table.ts';
import { configOf } from '../sim/sandbox.ts';

const config = configOf({ TARGET_PATH: '{key}', MAX_RECEIVES: '1' });
const NAMES: ReadonlySet<string> = new Set([...Object.keys(errors), 'Superseded']);

const odd = fc.oneof(
  fc.constantFrom('', 'null', 'constructor', '__proto__', '../a', 'a//b', 'dir/', '报告.pdf', '.'),
  fc.string({ maxLength: 12 }),
);
const usual = <T>(good: T, other: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(good) }, { weight: 1, arbitrary: other });

const code = fc.constantFrom(0, -47, -48, -59, -71, -133, -177, -195, -197, -4016, -4019, -5999, -99999);
const replyText = fc.oneof(
  odd,
  fc.json({ maxDepth: 2 }),
  fc
    .tuple(code, fc.jsonValue({ maxDepth: 2 }))
    .map(([number, data]) => JSON.stringify({ code: number, data })),
  fc.constantFrom('<html>busy</html>', '{"code":0,"data":{}}'), // the second: done, by its word alone
);
const cosAct = usual<CosAct>(
  { kind: 'serve' },
  fc.oneof(
    fc.record({
      kind: fc.constant('text' as const),
      status: fc.constantFrom(200, 400, 403, 404, 502),
      text: replyText,
    }),
    fc.record({ kind: fc.constant('served-then-text' as const), text: replyText }),
    fc.constant({ kind: 'cut' } as const),
  ),
);
const header = fc.tuple(
  fc.oneof(
    odd.map((name) => `x-amz-meta-${name.toLowerCase()}`),
    fc.constantFrom(
      'content-type',
      'content-disposition',
      'expires',
      'x-amz-storage-class',
      'x-amz-version-id',
      'etag',
    ),
  ),
  fc.oneof(odd, fc.constantFrom('GLACIER', '"f"', 'W/"e"')),
);
const s3Act = usual<S3Act>(
  { kind: 'serve', headers: [] },
  fc.oneof(
    fc.record({ kind: fc.constant('serve' as const), headers: fc.array(header, { maxLength: 3 }) }),
    fc.record({
      kind: fc.constant('refuse' as const),
      status: fc.constantFrom(301, 400, 403, 404, 412, 503),
      body: fc
        .constantFrom(
          'AccessDenied',
          'NoSuchKey',
          'SlowDown',
          'ExpiredToken',
          'PreconditionFailed',
          'Odd',
          '',
        )
        .map((name) => (name === '' ? 'no xml' : `<Error><Code>${name}</Code></Error>`)),
    }),
  ),
);
const event = fc.record({
  key: usual('in/film.bin', odd),
  size: usual<unknown>(5, fc.constantFrom(0, 7, -1, '5', undefined, 1e9)),
  sequencer: usual<unknown>('0061', fc.constantFrom('zzzz', '', undefined, 5)),
  etag: usual<unknown>('e', fc.constantFrom(undefined, '', 'f')),
  'version-id': usual<unknown>(undefined, fc.constantFrom('null', '', 'v1')),
});
const content = fc.constantFrom('', '5 byt', 'twenty-two bytes of it').map((text) => Buffer.from(text));
const before = usual<Buffer | undefined>(
  undefined,
  fc.constantFrom(Buffer.from('other'), Buffer.from('5 byt')),
);

test('any whole relay of a small object ends stored and right, or by a named error, and never in silence', {
  timeout: 60_000,
}, async () => {
  const ends = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        event,
        content,
        before,
        cos: fc.array(cosAct, { maxLength: 5 }),
        s3: fc.array(s3Act, { maxLength: 4 }),
      }),
      async (given) => {
        const { transfers, said, failures, file, started } = await relay(given);

        for (const one of transfers) {
          ends.set(one.state, (ends.get(one.state) ?? 0) + 1);
          if (one.state === 'stored') expect(file).toEqual(given.content);
          else if ('reason' in one) expect(NAMES).toContain(one.reason.error);
        }
        for (const { error } of said) if (error !== undefined) expect(NAMES).toContain(error);
        if (failures > 0) expect(said.some(({ error }) => error !== undefined)).toBe(true);
        // an event that is done left a record that is over, a machine at work, or words
        const isOver =
          transfers.length > 0 && transfers.every(({ state }) => state !== 'opening' && state !== 'sending');
        expect(failures > 0 || isOver || started > 0 || said.length > 0).toBe(true);
      },
    ),
    { numRuns: 2_000 },
  );
  // the draws reach all of it: a fuzz that only ever met refusals would prove nothing
  for (const state of ['stored', 'failed', 'superseded']) expect(ends.has(state) && state).toBe(state);
});

type Given = {
  readonly event: object;
  readonly content: Buffer;
  readonly before: Buffer | undefined;
  readonly cos: readonly CosAct[];
  readonly s3: readonly S3Act[];
};

/** One delivery of the event, the last of its queue, through the real function. */
async function relay(given: Given) {
  const cos = oddCos(given.cos, given.before);
  const table = emptyTable();
  const said: LogFields[] = [];
  let [names, started] = [0, 0];
  const newId = () => {
    names += 1;
    return `id-${names}`;
  };
  const log = (text: string, fields?: LogFields) => void said.push({ text, ...fields });
  const keys = { get: async () => ({ secretId: 'AKIDz', secretKey: 'key' }), refresh: async () => false };
  const services = {
    config,
    cos: openHttpClient({ transport: cos.transport, keys, clock: Date.now, random: () => 0.5 }),
    source: oddS3(given.content, given.s3),
    store: openTableModel(table, { clock: Date.now, newId }),
    settings: settingsOf(config),
    clock: Date.now,
    newId,
    log: { info: log, warn: log },
    observe: () => undefined,
    machine: {
      start: async () => {
        started += 1;
      },
    },
  } as unknown as Wired; // a small object uses nothing of backfills, and nothing is closed
  const detail = { bucket: { name: 'source' }, object: given.event };
  const body = JSON.stringify({
    source: 'aws.s3',
    'detail-type': 'Object Created',
    time: '2026-11-21T12:00:00Z',
    detail,
  });
  const Records = [{ messageId: 'm', body, attributes: { ApproximateReceiveCount: '1' } }];
  const answer = await withServices(services, () =>
    handler({ Records }, localContext('object-created', 120_000)),
  );
  const transfers = [...table.transfers.values()].map((text): Transfer => JSON.parse(text));
  return { transfers, said, failures: answer?.batchItemFailures.length ?? 0, file: cos.file(), started };
}
