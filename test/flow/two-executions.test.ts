import { DeleteItemCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { expect, onTestFinished, test } from 'vitest';
import { cancelTransfer } from '../../shared/api/cancel-transfer.ts';
import { targetName } from '../../shared/cos/target.ts';
import { load } from '../../shared/records/change-transfer.ts';
import { listSlices } from '../../shared/relay/list-slices.ts';
import { openUpload } from '../../shared/relay/open-upload.ts';
import { claimTarget } from '../../shared/target/claim-target.ts';
import { destinationOf } from '../../shared/transfer/destination.ts';
import { registerTransfer } from '../../shared/transfer/register-transfer.ts';
import type { Wired } from '../../shared/wiring/wiring.ts';
import { drop, never, PATH, testBed } from '../kit/carry.ts';
import { mortal } from '../kit/mortal.ts';
import { type Bed, outsider, SLICE, seen, targetOf } from '../kit/relay-bed.ts';

const SIZE = 3 * SLICE;
const time = { stop: never, signal: never };
const listInput = { reopens: 1, round: 0, gaps: 0, windowsUsed: 0 };
const openInput = { reopens: 0, windowsUsed: 0 };

/** A transfer of which no execution runs: the test takes its steps. */
async function registered(env: Record<string, string> = {}) {
  const bed = await testBed({ env: { ON_FOREIGN_UPLOAD: 'fail', ...env } });
  const { services } = await bed.start();
  const { object } = await drop(bed, SIZE);
  const other = outsider(bed.cos);
  onTestFinished(other.close);
  await other.createDirectory(targetOf('films/'), never);
  const source = { kind: 's3', lastModified: 0, ...object } as const;
  const { target, options } = destinationOf(bed.config, object.key);
  const transfer = await registerTransfer(source, { target, options }, services, { restart: false });
  /** COS forgets what is open. */
  const forget = () => other.remove(targetOf(PATH), never);
  return { bed, services, transfer, forget, input: { ...openInput, transferId: transfer.id } };
}

/** Stops after the first answer of COS to this operation until told to go on: its outcome is not written down yet. */
function heldAfter(services: Wired, operation: string) {
  const [reached, go] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let left = 1;
  const held = mortal(services, {
    after: async ({ name }) => {
      if (name !== operation || left === 0) return;
      left -= 1;
      reached.resolve();
      await go.promise;
    },
  });
  return { services: held.services, reached: reached.promise, go: go.resolve };
}

test('a session that another execution has just opened is waited for, not called foreign', async () => {
  const { bed, services, input, forget } = await registered();
  const first = heldAfter(services, 'cos.open');
  const second = heldAfter(services, 'cos.open');
  const one = openUpload(input, first.services, time);
  await first.reached;
  await forget();
  const two = openUpload(input, second.services, time);
  await second.reached;
  first.go();
  await one; // the session that is recorded is not the one that COS has

  const listed = listSlices({ ...listInput, transferId: input.transferId }, services, time);
  second.go();
  await two;

  expect((await listed).kind).toBe('missing');
  const session = (await bed.unfinished(PATH))?.session;
  expect(await load(services, input.transferId)).toMatchObject({ state: 'sending', session });
  expect(seen(bed.cos, 'delete').filter(({ code }) => code === 0)).toHaveLength(1); // the one of this test
});

test('a session whose opener died before it wrote it down is left over, under onForeignUpload=fail too', async () => {
  const { bed, services, input } = await registered();
  const dying = heldAfter(services, 'cos.open');
  void openUpload(input, dying.services, time);
  await dying.reached;

  const listed = await listSlices({ ...listInput, transferId: input.transferId }, services, time);

  expect(listed.kind).toBe('reopen');
  expect(await bed.unfinished(PATH)).toBeUndefined();
});

test('of two sessions recorded in the wrong order neither is foreign', async () => {
  const { services, input, forget } = await registered();
  const first = heldAfter(services, 'cos.open');
  const one = openUpload(input, first.services, time);
  await first.reached;
  await forget();
  await openUpload(input, services, time);
  first.go();
  await one; // its session is dead, and recorded last

  const listed = await listSlices({ ...listInput, transferId: input.transferId }, services, time);

  expect(listed.kind).toBe('reopen');
});

test('a session goes on whose target expired from the table while it was sent (A9)', async () => {
  const { bed, services, transfer, input } = await registered();
  await openUpload(input, services, time);
  const session = (await bed.unfinished(PATH))?.session;
  await expire(bed, `TARGET#${targetName(transfer.target)}`);

  const lost = await listSlices({ ...listInput, transferId: transfer.id }, services, time);
  const opened = await openUpload(input, services, time);
  const listed = await listSlices({ ...listInput, transferId: transfer.id }, services, time);

  expect([lost.kind, opened.kind, listed.kind]).toEqual(['reopen', 'unfinished', 'missing']);
  expect((await bed.unfinished(PATH))?.session).toBe(session);
});

test('a cancellation that dies between its two writes leaves the target to others once its hold is over (A3)', async () => {
  const { services, transfer, input } = await registered();
  await openUpload(input, services, time);
  const dying = mortal(services, {
    after: ({ name }) => {
      if (name === 'store.replace') dying.die();
    },
  });
  const sending = await load(services, transfer.id);
  const cancelled = cancelTransfer(sending, { keepUpload: true }, dying.services, time);
  await expect(cancelled).rejects.toThrow('killed');
  const other = {
    kind: 's3',
    bucket: 'source',
    key: 'other.bin',
    etag: 'e',
    size: 9,
    lastModified: 1,
  } as const;
  const { target, options } = transfer;
  const next = await registerTransfer(other, { target, options }, services, { restart: false });

  const later = { ...services, clock: () => services.clock() + 61_000 };
  const claim = await claimTarget(later, next, time);

  expect((await load(services, transfer.id)).state).toBe('cancelled');
  expect(claim).toMatchObject({ kind: 'ours', target: { active: true, owner: { transferId: next.id } } });
});

/** What TTL does to an item that nobody wrote for long. */
async function expire(bed: Bed, pk: string): Promise<void> {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const endpoint = bed.env.AWS_ENDPOINT_URL_DYNAMODB;
  const client = new DynamoDBClient({ endpoint, region: 'us-east-1', credentials });
  const Key = { pk: { S: pk }, sk: { S: 'TARGET' } };
  await client.send(new DeleteItemCommand({ TableName: bed.env.TABLE_NAME, Key }));
  client.destroy();
}
