import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { CosRefused, CosUnavailable } from '../../shared/errors.ts';
import type { LogFields } from '../../shared/observe/observe.ts';
import { silentLog } from '../../shared/observe/observe.ts';
import { load } from '../../shared/records/change-transfer.ts';
import type { Receipt } from '../../shared/records/receipt.ts';
import { type Transfer, transferId } from '../../shared/records/transfer.ts';
import { destinationOf } from '../../shared/transfer/destination.ts';
import { assertStorable } from '../../shared/transfer/register-transfer.ts';
import { type Wired, wire } from '../../shared/wiring/wiring.ts';
import { say } from '../command.ts';
import { SOURCE_BUCKET, type Stack, startStack } from '../stack/stack.ts';
import type { StartArguments } from './arguments.ts';
import { openProgress, type Progress } from './progress.ts';
import { type Proof, prove } from './proof.ts';
import { receiptLines } from './receipt-lines.ts';
import { putOutside } from './s3-outside.ts';
import { checkFile, makeSample, sequencerOf } from './source-file.ts';

/** Relays one file and resolves with the exit code. Throws what stands in the way. */
export async function relayCommand(given: StartArguments, env: NodeJS.ProcessEnv): Promise<number> {
  const dataDir = resolve(process.env.INIT_CWD ?? '.', given.data ?? env.RELAY_DATA ?? '.relay');
  const file = await checkFile(given.file ?? (await makeSample(dataDir)));
  const key = given.key ?? file.name;
  await mkdir(dataDir, { recursive: true });

  const progress = openProgress();
  const stack = await startStack({
    dataDir,
    env,
    machine: { pauseMs: 1_000 },
    wiring: { observe: progress.observe, log: { info: () => undefined, warn } },
  });
  const stopped = interruption(progress);
  try {
    return await Promise.race([stopped, relay(stack, file.path, key, dataDir, given.json, progress)]);
  } finally {
    progress.stop();
    await stack.close();
  }
}

async function relay(
  stack: Stack,
  path: string,
  key: string,
  dataDir: string,
  json: boolean,
  progress: Progress,
): Promise<number> {
  const { target } = destinationOf(stack.services.config, key);
  assertStorable(target);
  await greet(stack.services, target);
  say(`relaying ${path} as ${key}`);

  const transfer = await send(stack, path, key, dataDir);
  progress.stop();
  if (transfer.state !== 'stored') {
    say(`not stored: the transfer ${transfer.state}`);
    if ('reason' in transfer) {
      say(`error: ${transfer.reason.message}`);
      if (transfer.reason.wayOut) say(`what to do: ${transfer.reason.wayOut}`);
    }
    return 1;
  }
  const proof = await prove(path, transfer.receipt, stack.cos);
  print(transfer.receipt, proof, json);
  return 0;
}

/** One quick question, so that wrong keys, buckets and addresses show at once and by name. */
async function greet({ config }: Wired, target: Receipt['target']): Promise<void> {
  const quick = wire({ ...config, COS_ATTEMPTS: 2, COS_TIMEOUT_MS: 10_000 }, { log: silentLog });
  try {
    await quick.cos.stat(target, AbortSignal.timeout(30_000));
  } catch (error) {
    if (!(error instanceof CosUnavailable)) throw error;
    const wayOut = 'check COS_ENDPOINT (or COS_REGION) and that this machine reaches it';
    throw new CosRefused(error.message, { cause: error, wayOut });
  } finally {
    await quick.close();
  }
}

/** Puts the file where S3 is, and hands its event on. */
async function send(stack: Stack, path: string, key: string, dataDir: string): Promise<Transfer> {
  const { services, s3 } = stack;
  const bucket = s3 ? SOURCE_BUCKET : (process.env.SOURCE_BUCKET ?? SOURCE_BUCKET);
  if (s3) s3.map(bucket, key, path);
  else await putOutside(path, bucket, key);
  const { object } = await services.source.pin({ bucket, key }, AbortSignal.timeout(60_000));
  const sequencer = await sequencerOf(dataDir, key, path, object.etag);
  const { size, etag, lastModified } = object;
  await stack.announce({ bucket, key, size, etag, sequencer });
  await stack.machine.idle();
  const id = transferId(
    { kind: 's3', bucket, key, etag, size, lastModified, sequencer },
    destinationOf(services.config, key).target,
  );
  return load(services, id);
}

function print(receipt: Receipt, proof: Proof, json: boolean): void {
  if (json) {
    process.stdout.write(`${JSON.stringify({ ...receipt, proof })}\n`);
    return;
  }
  process.stdout.write(`${receiptLines(receipt, proof).join('\n')}\n`);
}

function interruption(progress: Progress): Promise<number> {
  const { promise, resolve: settle } = Promise.withResolvers<number>();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      progress.stop();
      say('stopped; the same command again sends only what is missing');
      settle(130);
    });
  }
  return promise;
}

function warn(text: string, fields?: LogFields): void {
  if (fields?.reason !== undefined) say(`${text}: ${fields.reason}`);
}
