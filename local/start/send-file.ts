import { load } from '../../shared/records/change-transfer.ts';
import { type Transfer, transferId } from '../../shared/records/transfer.ts';
import { destinationOf } from '../../shared/transfer/destination.ts';
import { SOURCE_BUCKET, type Stack } from '../stack/stack.ts';
import type { Input } from './inputs.ts';
import { putOutside } from './s3-outside.ts';
import { sequencerOf } from './source-file.ts';

export type Sent = {
  readonly transfer: Transfer;
  /** False: an earlier run had stored it, and nothing was sent. */
  readonly sentNow: boolean;
};

/** Puts the file where S3 is, hands its event on, and waits for its transfer to end. */
export async function sendFile(stack: Stack, { path, key }: Input, dataDir: string): Promise<Sent> {
  const { services, s3 } = stack;
  const bucket = s3 ? SOURCE_BUCKET : (services.config.SOURCE_BUCKET ?? SOURCE_BUCKET);
  if (s3) s3.map(bucket, key, path);
  else await putOutside(path, bucket, key);
  const { object } = await services.source.pin({ bucket, key }, AbortSignal.timeout(60_000));
  const sequencer = await sequencerOf(dataDir, key, path, object.etag);
  const { size, etag, lastModified } = object;
  const id = transferId(
    { kind: 's3', bucket, key, etag, size, lastModified, sequencer },
    destinationOf(services.config, key).target,
  );
  const before = await services.store.get(id);
  await stack.announce({ bucket, key, size, etag, sequencer });
  await stack.machine.idle();
  return { transfer: await load(services, id), sentNow: before?.state !== 'stored' };
}
