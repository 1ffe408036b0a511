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
/** What release 0.1.0 wrote of one object: while its slices were sent, and when it was stored; and what its states were given. */
import before from '../vectors/release-0.1.0.json' with { type: 'json' };

const PATH = 'films/a.bin';
const SLICE = 524_288;
/** Of the object as it was then; the endpoint gives each put another. */
const ETAG = 'fa80a6daa94deaf996f80e67c59108a4';
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

const idIn = (items: readonly { readonly id?: string }[]): string => {
  const id = items.find((item) => item.id !== undefined)?.id;
  if (id === undefined) throw new Error('the fixture holds no transfer');
  return id;
};

test('an execution that began under the release before goes on under this one, and stores its object', async () => {
  const bed = await testBed();
  const bytes = bytesOf('first', 5 * SLICE + 9);
  const object = await bed.put(PATH, bytes);
  await write(bed, JSON.parse(JSON.stringify(before.sending).replaceAll(ETAG, object.etag)));
  const transferId = idIn(before.sending);
  const stack = await bed.start();

  await stack.machine.start(`${transferId}-1`, { transferId });
  await stack.machine.idle();

  expect(await stack.services.store.get(transferId)).toMatchObject({ state: 'stored' });
  expect(await bed.stored(PATH)).toBe(sha1(bytes));
});

test('a receipt of the release before is read as it was written', async () => {
  const bed = await testBed();
  await write(bed, before.stored);
  const { services } = await bed.start();

  const transfer = await services.store.get(idIn(before.stored));

  const [written] = before.stored.flatMap((item) => ('receipt' in item ? [item.receipt] : []));
  expect(transfer).toMatchObject({ state: 'stored', receipt: written });
});

test('what a state of the release before handed on is understood by this one', () => {
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

  expect(new Set(states.map(([state]) => state)).size).toBe(5);
  expect(states.filter(([, isRead]) => !isRead)).toEqual([]);
});
