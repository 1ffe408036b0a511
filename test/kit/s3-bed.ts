import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import { Pool } from 'undici';
import { onTestFinished } from 'vitest';
import { putFile } from '../../local/s3/drop/drop.ts';
import { type S3EndpointOptions, startS3Endpoint } from '../../local/s3/endpoint.ts';

export const BUCKET = 'bucket';

/** An S3 endpoint over a fresh folder with the SDK's client and a raw one; all of it goes with the test. */
export async function s3Bed(options: Partial<S3EndpointOptions> = {}, maxAttempts = 1) {
  const root = await mkdtemp(join(tmpdir(), 's3-bed-'));
  const endpoint = await startS3Endpoint({ root, ...options });
  const client = new S3Client({
    endpoint: endpoint.origin,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
    maxAttempts,
  });
  const pool = new Pool(endpoint.origin);
  onTestFinished(async () => {
    client.destroy();
    await pool.destroy();
    await endpoint.close();
    await rm(root, { recursive: true });
  });
  await putFile(root, { bucket: BUCKET, key: 'ten' }, '0123456789');

  return {
    root,
    endpoint,
    client,
    put: (key: string, content: string | Uint8Array) => putFile(root, { bucket: BUCKET, key }, content),
    /** A request as it stands: undici neither retries nor rewrites the path. */
    raw: async (
      path: string,
      headers: Record<string, string> = {},
      method: 'GET' | 'HEAD' | 'PUT' = 'GET',
    ) => {
      const answer = await pool.request({ path: `/${BUCKET}/${path}`, method, headers });
      return { status: answer.statusCode, headers: answer.headers, body: await answer.body.text() };
    },
  };
}
