import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { finishClientUpload } from '../../shared/api/finish-transfer.ts';
import { type ApiBed, apiBed, MIB, typeOf } from '../kit/api-bed.ts';
import { mortal } from '../kit/mortal.ts';

const never = new AbortController().signal;
let bed: ApiBed;
let now = Date.parse('2026-11-01T00:00:00Z');
beforeAll(async () => {
  bed = await apiBed({ wiring: { clock: () => now } });
});
afterAll(() => bed.close());

test('after a finish that was killed a cancel is told to wait, and two minutes later it cancels', async () => {
  const { body } = await bed.call('POST', '/transfers', { json: { target: { path: 'killed' }, size: MIB } });
  await bed.call('PUT', `/transfers/${body.id}/slices/0`, { bytes: randomBytes(MIB) });
  const dying = mortal(bed.stack.services, {
    before: ({ name }) => {
      if (name === 'cos.finish') dying.die();
    },
  });
  const operator = { by: 'iam', name: 'operator' } as const;
  const finish = finishClientUpload(
    { caller: operator, path: { id: body.id } },
    {
      ...bed.stack.services,
      ...dying.services,
    },
    { stop: never, signal: never },
  );
  await expect(finish).rejects.toThrow('killed');

  const early = await bed.call('DELETE', `/transfers/${body.id}`);
  now += 120_000;
  const late = await bed.call('DELETE', `/transfers/${body.id}`);

  expect(early).toMatchObject({ status: 409, body: { type: typeOf('target-busy') } });
  expect(early.headers['retry-after']).toBe('30');
  expect(late).toMatchObject({ status: 200, body: { state: 'cancelled' } });
  expect(await bed.cos.unfinished('relay', 'killed')).toBeUndefined();
});
