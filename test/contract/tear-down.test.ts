import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';

const page = readFileSync(join(import.meta.dirname, '../../docs/deploy.md'), 'utf8');
const EMPTY = /^empty\(\) \{[\s\S]*?^\}/m.exec(page)?.[0] ?? '';
const hasCli = spawnSync('aws', ['--version']).status === 0;
if (!hasCli) console.warn('skipped: there is no AWS CLI here to run the commands of docs/deploy.md with');

type Version = { readonly key: string; readonly id: string; readonly marker: boolean };
/** A process a call, of a CLI that takes seconds to begin. */
const SLOW = { timeout: 300_000 };

test.runIf(hasCli)('empty removes every version and marker, of long and odd names too', SLOW, async () => {
  const odd = ['a b.txt', '中文 "q".bin', "it's $HOME `x`.bin", 'back\\slash', 'a&b<c>%20+'];
  const long = Array.from({ length: 600 }, (_, at) => `${'n/'.repeat(100)}${at}`);
  const versions = [...odd, ...long].flatMap((key, at) => [
    { key, id: `v${at}`, marker: false },
    { key, id: `m${at}`, marker: true },
  ]);
  const bucket = await startBucket(versions);

  const { code } = await empty(bucket.origin);

  expect(code).toBe(0);
  expect(bucket.left()).toEqual([]);
  expect(bucket.calls().delete).toBe(2); // a thousand a call
});

test.runIf(hasCli)('what may not be deleted ends it, with the reason', SLOW, async () => {
  const bucket = await startBucket([{ key: 'locked', id: 'v', marker: false }]);

  const { code, stderr } = await empty(bucket.origin);

  expect([code, stderr]).toEqual([1, 'photos: Access Denied\n']);
  expect(bucket.calls()).toEqual({ list: 1, delete: 1 });
});

test.runIf(hasCli)('a bucket that cannot be listed is not taken for an empty one', SLOW, async () => {
  const { code, stderr } = await empty((await startBucket(undefined)).origin);

  expect([code, stderr]).toEqual([1, expect.stringContaining('NoSuchBucket')]);
});

async function empty(origin: string): Promise<{ readonly code: number; readonly stderr: string }> {
  const env = {
    ...process.env,
    AWS_ENDPOINT_URL_S3: origin,
    AWS_REGION: 'us-east-1',
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'any',
    AWS_SECRET_ACCESS_KEY: 'any',
  };
  return promisify(execFile)('sh', ['-c', `${EMPTY}\nempty photos`], { env }).then(
    ({ stderr }) => ({ code: 0, stderr }),
    ({ code, stderr }) => ({ code, stderr }),
  );
}

/** As much of a versioned bucket as the commands ask for (API_ListObjectVersions, API_DeleteObjects). None: no bucket. */
async function startBucket(versions: readonly Version[] | undefined) {
  let held = versions ?? [];
  const calls = { list: 0, delete: 0 };
  const server = createServer(async (request, response) => {
    const body = await text(request);
    const answer = (status: number, xml: string) =>
      response.writeHead(status, { 'content-type': 'application/xml' }).end(xml);
    if (!versions) return answer(404, '<Error><Code>NoSuchBucket</Code><Message>none</Message></Error>');
    if (request.method === 'GET') {
      calls.list += 1;
      return answer(200, listOf(held));
    }
    calls.delete += 1;
    const asked = [...body.matchAll(/<Key>([\s\S]*?)<\/Key><VersionId>(\w+)<\/VersionId>/g)];
    const gone = new Set(
      asked.filter(([, key]) => key !== 'locked').map(([, key = '', id]) => `${id} ${plain(key)}`),
    );
    held = held.filter(({ key, id }) => !gone.has(`${id} ${key}`));
    const refused = asked.filter(([, key]) => key === 'locked').map(() => REFUSED);
    return answer(200, `<DeleteResult>${refused.join('')}</DeleteResult>`);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { origin: `http://127.0.0.1:${address.port}`, left: () => held, calls: () => calls };
}

const REFUSED = '<Error><Key>locked</Key><Code>AccessDenied</Code><Message>Access Denied</Message></Error>';
const PAGE = 1_000;
const listOf = (held: readonly Version[]): string => {
  const members = held.slice(0, PAGE).map(({ key, id, marker }) => {
    const name = marker ? 'DeleteMarker' : 'Version';
    return `<${name}><Key>${encodeURIComponent(key)}</Key><VersionId>${id}</VersionId></${name}>`;
  });
  const more =
    held.length > PAGE ? '<NextKeyMarker>n</NextKeyMarker><NextVersionIdMarker>v</NextVersionIdMarker>' : '';
  return `<ListVersionsResult><EncodingType>url</EncodingType><IsTruncated>${held.length > PAGE}</IsTruncated>${more}${members.join('')}</ListVersionsResult>`;
};

const plain = (xml: string): string =>
  xml.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&');
