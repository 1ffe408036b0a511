import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { CosRefused, CosUnavailable } from '../../shared/errors.ts';
import { type LogFields, silentLog } from '../../shared/observe/observe.ts';
import type { Receipt } from '../../shared/records/receipt.ts';
import { destinationOf } from '../../shared/transfer/destination.ts';
import { assertStorable } from '../../shared/transfer/register-transfer.ts';
import { type Wired, wire } from '../../shared/wiring/wiring.ts';
import { fail, say } from '../command.ts';
import { type Stack, startStack } from '../stack/stack.ts';
import type { StartArguments } from './arguments.ts';
import { type Input, inputsOf } from './inputs.ts';
import { openProgress, type Progress } from './progress.ts';
import { type Proof, prove } from './proof.ts';
import { receiptLines } from './receipt-lines.ts';
import { type Sent, sendFile } from './send-file.ts';

type Run = {
  readonly stack: Stack;
  readonly progress: Progress;
  readonly dataDir: string;
  readonly json: boolean;
};

/** Relays what is named and resolves with the exit code. Throws what stands in the way of all of it. */
export async function relayCommand(given: StartArguments, env: NodeJS.ProcessEnv): Promise<number> {
  const dataDir = resolve(process.env.INIT_CWD ?? '.', given.data ?? env.RELAY_DATA ?? '.relay');
  const inputs = await inputsOf(given.files, given.key, dataDir);
  await mkdir(dataDir, { recursive: true });

  const progress = openProgress();
  const { interrupted, code, over } = interruption(progress);
  const warn = (text: string, fields?: LogFields): void => {
    if (fields?.reason !== undefined && !interrupted.aborted) say(`${text}: ${fields.reason}`);
  };
  const stack = await startStack({
    dataDir,
    env,
    machine: { pauseMs: 1_000 },
    wiring: { observe: progress.observe, log: { info: () => undefined, warn } },
  });
  try {
    const run = { stack, progress, dataDir, json: given.json };
    const all = relayAll(inputs, run, interrupted);
    all.catch(() => undefined); // what fails because the stack is closed under it has nobody to tell
    return await Promise.race([code, all]);
  } finally {
    over();
    progress.stop();
    await stack.close();
  }
}

/** One after the other; one that fails does not keep the others from being relayed. */
async function relayAll(inputs: readonly Input[], run: Run, interrupted: AbortSignal): Promise<number> {
  const { config } = run.stack.services;
  const targets = inputs.map(({ key }) => destinationOf(config, key).target);
  for (const target of targets) assertStorable(target);
  const [first] = targets;
  if (first) await greet(run.stack.services, first);
  const ends = { stored: 0, before: 0, failed: 0 };
  for (const [index, input] of inputs.entries()) {
    interrupted.throwIfAborted();
    const place = inputs.length > 1 ? `${index + 1} of ${inputs.length}: ` : '';
    say(`${place}relaying ${input.shown ?? input.path} as ${input.key}`);
    ends[await relayOne(input, run, inputs.length === 1)] += 1;
  }
  if (inputs.length > 1)
    say(`${ends.stored} stored, ${ends.before} stored already, ${ends.failed} not stored`);
  return ends.failed === 0 ? 0 : 1;
}

async function relayOne(input: Input, run: Run, isOnly: boolean): Promise<'stored' | 'before' | 'failed'> {
  const { stack, progress, dataDir } = run;
  try {
    const { transfer, sentNow } = await sendFile(stack, input, dataDir);
    progress.stop();
    if (transfer.state !== 'stored') {
      say(`not stored: the transfer ${transfer.state}`);
      if ('reason' in transfer) {
        say(`error: ${transfer.reason.message}`);
        if (transfer.reason.wayOut) say(`what to do: ${transfer.reason.wayOut}`);
      }
      return 'failed';
    }
    if (!sentNow) say('stored already, nothing sent; this is its receipt');
    print(transfer.receipt, await prove(input.path, transfer.receipt, stack.cos), run, sentNow);
    return sentNow ? 'stored' : 'before';
  } catch (error) {
    progress.stop();
    if (isOnly) throw error;
    fail(error);
    return 'failed';
  }
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

/** The embedded COS goes with this process, and the file's address with it. */
function print(receipt: Receipt, proof: Proof, { stack, json }: Run, sentNow: Sent['sentNow']): void {
  const { accessUrl: _, ...lasting } = receipt;
  const shown = stack.cos ? lasting : receipt;
  const text = json
    ? JSON.stringify({ ...shown, proof, sentNow })
    : receiptLines(shown, proof, stack.cos ? '`npm run dev` serves it' : undefined).join('\n');
  process.stdout.write(`${text}\n`);
}

function interruption(progress: Progress): {
  readonly interrupted: AbortSignal;
  readonly code: Promise<number>;
  /** From now on a signal ends the process at once. */
  over(): void;
} {
  const { promise: code, resolve: settle } = Promise.withResolvers<number>();
  const ended = new AbortController();
  const stop = () => {
    over();
    ended.abort();
    progress.stop();
    say('stopped; the same command again sends only what is missing');
    settle(130);
  };
  const over = () => {
    for (const signal of SIGNALS) process.off(signal, stop);
  };
  for (const signal of SIGNALS) process.on(signal, stop);
  return { interrupted: ended.signal, code, over };
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
