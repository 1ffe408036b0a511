import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DynamoDBClient, QueryCommand } from '@aws-sdk/client-dynamodb';
import { startApi } from '../../local/stack/api/server.ts';
import { type Stack, startStack } from '../../local/stack/stack.ts';
import { makeBundles } from '../bundles.ts';
import { type How, type Measured, MIB } from '../figures.ts';
import { environmentOf, TABLE } from '../place.ts';

const POINT = 'client upload';
const TOKEN = 'bench';
/** The largest that COS serves, in bytes. */
const SLICE = 3 * MIB;
const CREDENTIALS = { AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' };

/**
 * The table's rows of the largest upload of a client, and the memory of a look at it. Its slices are noted as a PUT notes
 * them, without their bytes; the last one, of a single byte, is PUT over HTTP again and again.
 */
export async function clientUpload({ quick, say }: How): Promise<Measured> {
  const [gib, repeats] = quick ? [64, 1_000] : [256, 10_000];
  const slices = Math.floor((gib * 1_024 * MIB) / SLICE);
  const size = (slices - 1) * SLICE + 1;
  const dataDir = await mkdtemp(join(tmpdir(), 'bench-client-'));
  const largestFile = gib * 1_024 * MIB; // above what v4 takes: the table must bear an upload that a later COS may take
  const env = { TABLE_NAME: TABLE, MAX_OBJECT_BYTES: `${largestFile}` };
  const stack = await startStack({ dataDir, volatileTable: true, env, cos: { largestFile } });
  const api = await startApi({ services: stack.services, token: TOKEN });
  try {
    const id = await begin(api.origin, size);
    await noteAll(stack, id, slices - 1);
    const before = await rowsOf(stack, id);
    say(`${gib} GiB, ${slices} slices: ${before} rows`);
    for (let sent = 0; sent < repeats; sent += 1) await putLast(api.origin, id, (slices - 1) * SLICE);
    const rows = await rowsOf(stack, id);
    const { peakMiB, sent } = await look(stack, id);
    say(`${repeats} PUTs of one slice later: ${rows} rows; a look takes ${peakMiB.toFixed(0)} MiB; ${sent}`);
    const what = `${gib} GiB in ${slices} slices, ${repeats} PUTs of one`;
    return [
      { point: POINT, what: `${what}, rows`, value: rows, unit: 'rows', goal: { atMost: slices / 64 + 2 } },
      {
        point: POINT,
        what: `${what}, peak RSS of a look`,
        value: peakMiB,
        unit: 'MiB',
        goal: { atMost: 512 }, // the function's memory
      },
    ];
  } finally {
    await api.close();
    await stack.close();
    await rm(dataDir, { recursive: true });
  }
}

const HEADERS = { authorization: `Bearer ${TOKEN}` };

async function begin(origin: string, size: number): Promise<string> {
  const answer = await fetch(`${origin}/transfers`, {
    method: 'POST',
    headers: { ...HEADERS, 'content-type': 'application/json' },
    body: JSON.stringify({ target: { path: 'client.bin' }, size, sliceSize: SLICE }),
  });
  if (answer.status !== 202) throw new Error(await answer.text());
  const { id } = (await answer.json()) as { id: string }; // as the API's document says
  return id;
}

async function noteAll({ services: { store } }: Stack, id: string, count: number): Promise<void> {
  const transfer = await store.get(id);
  if (transfer?.state !== 'sending') throw new Error('the upload is not open');
  const { session, attempts: attempt, sliceSize, source } = transfer;
  if (sliceSize !== SLICE) throw new Error(`COS serves slices of ${sliceSize} bytes`);
  const noted = { outcome: 'confirmed', sends: 1, verified: 1 } as const;
  let next = 0;
  const some = async () => {
    for (let at = next++; at < count; at = next++) {
      const slice = { offset: at * SLICE, length: SLICE, session, attempt, sliceSize, size: source.size };
      const md5 = `${at}`.padStart(32, '0');
      await store.claimSlice(id, slice, md5, 60_000);
      await store.noteSlice(id, slice, { ...noted, md5 });
    }
  };
  await Promise.all(Array.from({ length: 16 }, some));
}

async function putLast(origin: string, id: string, offset: number): Promise<void> {
  const answer = await fetch(`${origin}/transfers/${id}/slices/${offset}`, {
    method: 'PUT',
    headers: { ...HEADERS, 'content-type': 'application/octet-stream' },
    body: new Uint8Array([1]),
  });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(text);
}

async function rowsOf({ dynamodb = '' }: Stack, id: string): Promise<number> {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const client = new DynamoDBClient({ endpoint: dynamodb, region: 'us-east-1', credentials });
  let rows = 0;
  let from: Record<string, never> | undefined;
  do {
    const asked = {
      TableName: TABLE,
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': { S: `TRANSFER#${id}` } },
    };
    const page = await client.send(new QueryCommand({ ...asked, ExclusiveStartKey: from }));
    rows += page.Count ?? 0;
    from = page.LastEvaluatedKey as typeof from; // handed back as it came
  } while (from !== undefined);
  client.destroy();
  return rows;
}

/** One call of the deployed function in a process of its own, with the memory that it took. */
async function look({ cos, dynamodb = '' }: Stack, id: string) {
  const { path = '' } = (await makeBundles()).find(({ name }) => name === 'api-get-transfer') ?? {};
  const event = {
    headers: {},
    pathParameters: { id },
    requestContext: { authorizer: { iam: { userArn: 'arn:aws:iam::000000000000:user/local' } } },
  };
  const script = `require(${JSON.stringify(path)}).handler(${JSON.stringify(event)}, { getRemainingTimeInMillis: () => 60000 })
    .then(({ body }) => console.log(JSON.stringify({ maxRSS: process.resourceUsage().maxRSS, progress: JSON.parse(body).progress })))`;
  const place = { cos: cos?.origin ?? '', s3: 'http://127.0.0.1:9', dynamodb };
  const { stdout } = await promisify(execFile)(process.execPath, ['--eval', script], {
    env: { ...environmentOf(place), ...CREDENTIALS },
  });
  const { maxRSS, progress } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
  return { peakMiB: maxRSS / 1_024, sent: JSON.stringify(progress) };
}
