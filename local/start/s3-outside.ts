import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { HeadObjectCommand, NotFound, S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';

/** Puts the file into an S3 that is not ours, unless this very state of it is there from an earlier run. */
export async function putOutside(path: string, bucket: string, key: string): Promise<void> {
  const { size, mtimeMs } = await stat(path);
  const state = `${size}-${Math.floor(mtimeMs)}`;
  const s3 = new S3Client({ forcePathStyle: true });
  try {
    if ((await stateOf(s3, bucket, key)) === state) return;
    const put = { Bucket: bucket, Key: key, Body: createReadStream(path), Metadata: { 'file-state': state } };
    await new Upload({ client: s3, params: put }).done();
  } finally {
    s3.destroy();
  }
}

async function stateOf(s3: S3Client, bucket: string, key: string): Promise<string | undefined> {
  try {
    const { Metadata } = await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
    return Metadata?.['file-state'];
  } catch (error) {
    if (error instanceof NotFound) return undefined;
    throw error;
  }
}
