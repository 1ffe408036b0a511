import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import { expect, test } from 'vitest';
import { finishInput } from '../../shared/relay/finish-upload.ts';
import { listInput } from '../../shared/relay/list-slices.ts';
import { openInput } from '../../shared/relay/open-upload.ts';
import { failureInput } from '../../shared/relay/record-failure.ts';
import { uploadInput } from '../../shared/relay/upload-slices.ts';
import { testBed } from '../kit/carry.ts';
import { type Bed, bytesOf, sha1 } from '../kit/relay-bed.ts';
/** What a release wrote of one object: while its slices were sent, and when it was stored; and what its states were given. */
import first from '../vectors/release-0.1.0.json' with { type: 'json' };
import second from '../vectors/release-0.2.0.json' with { type: 'json' };

type Item = { readonly pk: string; readonly sk: string; readonly [name: string]: unknown };
type Release = {
  readonly sending: readonly Item[];
  readonly stored: readonly Item[];
  readonly inputs: readonly { readonly state: string; readonly input: object }[];
};

/** What it becomes when a later release says more of everything: an older one must read past that, or nobody can go back. */
const withMore = (given: unknown): unknown => {
  if (Array.isArray(given)) return given.map(withMore);
  if (typeof given !== 'object' || given === null) return given;
  const fields = Object.entries(given).map(([name, value]) => [name, withMore(value)]);
  return { ...Object.fromEntries(fields), saidLater: { by: ['a later release'] } };
};
const RELEASES: readonly (readonly [name: string, release: Release])[] = [
  ['0.1.0', first],
  ['0.2.0', second],
  ['a later release that only adds fields to those of 0.2.0', withMore(second) as Release],
];

const PATH = 'films/a.bin';
const SLICE = 524_288;
const NEVER = 4_102_444_800; // s since the epoch: the year 2100

/** Writes the items as they are, but that they do not expire while this test is young. */
async function write(bed: Bed, items: readonly Record<string, unknown>[]): Promise<void> {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const client = new DynamoDBClient({
    endpoint: bed.env.AWS_ENDPOINT_URL_DYNAMODB,
    region: 'us-east-1',
    credentials,
  });
  const documents = DynamoDBDocumentClient.from(client);
  for (const item of items) {
    const Item = { ...item, expiresAt: NEVER };
    await documents.send(new PutCommand({ TableName: bed.env.TABLE_NAME, Item }));
  }
  client.destroy();
}

function transferIn(items: readonly Item[]): { readonly id: string; readonly item: Item } {
  const item = items.find(({ sk }) => sk === 'TRANSFER');
  if (item === undefined) throw new Error('the fixture holds no transfer');
  return { id: item.pk.slice('TRANSFER#'.length), item };
}

test.each(RELEASES)(
  'an execution that began under %s goes on under this one, and stores its object',
  async (_, before) => {
    const bed = await testBed();
    const bytes = bytesOf('first', 5 * SLICE + 9);
    const object = await bed.put(PATH, bytes);
    const { id: transferId, item } = transferIn(before.sending);
    const { etag } = item.source as { etag: string }; // of the object as it was then; the endpoint gives each put another
    await write(bed, JSON.parse(JSON.stringify(before.sending).replaceAll(etag, object.etag)));
    const stack = await bed.start();

    await stack.machine.start(`${transferId}-1`, { transferId });
    await stack.machine.idle();

    expect(await stack.services.store.get(transferId)).toMatchObject({ state: 'stored' });
    expect(await bed.stored(PATH)).toBe(sha1(bytes));
  },
);

test.each(RELEASES)('a receipt of %s is read as it was written', async (_, before) => {
  const bed = await testBed();
  await write(bed, before.stored);
  const { services } = await bed.start();

  const { id, item } = transferIn(before.stored);

  const transfer = await services.store.get(id);

  const { how, storedAt } = item.receipt as Record<string, unknown>; // a receipt, of which a release keeps what it must
  expect(transfer).toMatchObject({
    state: 'stored',
    receipt: { transferId: id, how, storedAt, bytes: { total: 5 * SLICE + 9 }, target: { path: PATH } },
  });
});

test.each(RELEASES)('what a state of %s handed on is understood by this one', (_, before) => {
  const schemas = {
    OpenUpload: openInput,
    ListSlices: listInput,
    UploadSlices: uploadInput,
    FinishUpload: finishInput,
    RecordFailure: failureInput,
  };

  const states = before.inputs.map(({ state, input }) => {
    const schema = schemas[state as keyof typeof schemas]; // the fixture's states are these
    return [state, schema.safeParse(input).success];
  });

  expect(new Set(states.map(([state]) => state)).size).toBeGreaterThanOrEqual(4);
  expect(states.filter(([, isRead]) => !isRead)).toEqual([]);
});
