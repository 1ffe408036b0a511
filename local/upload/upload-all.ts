import { BadInput } from '../../shared/errors.ts';
import { fail, say } from '../command.ts';
import { type ReachedApi, reachNamedOrRunning } from '../reach/reach-api.ts';
import { filesOf, mustDiffer } from '../start/inputs.ts';
import { openProgress } from '../start/progress.ts';
import { receiptLines } from '../start/receipt-lines.ts';
import { openApiClient } from './api-client.ts';
import type { UploadArguments } from './arguments.ts';
import type { Content } from './content.ts';
import { openFile } from './file-content.ts';
import { sendContent } from './send-content.ts';
import { openStream } from './stream-content.ts';

/** One upload: where it comes from, in words, and the path in the target bucket. */
type Upload = {
  readonly path: string;
  readonly key: string;
  readonly size: number;
  open(signal: AbortSignal): Promise<Content>;
};

type Run = {
  readonly reached: ReachedApi;
  readonly given: UploadArguments;
  readonly signal: AbortSignal;
  /** There is no other: what it fails of ends the command. */
  readonly isOnly: boolean;
};

/** Uploads what is named, one after the other, and resolves with the exit code. Throws what stands in the way of all of it. */
export async function uploadCommand(given: UploadArguments, env: NodeJS.ProcessEnv): Promise<number> {
  const uploads = await uploadsOf(given);
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  for (const signal of SIGNALS) process.once(signal, onSignal);
  try {
    const reached = await reachNamedOrRunning(given.where, env);
    return await uploadEach(uploads, { reached, given, signal: stop.signal, isOnly: uploads.length === 1 });
  } finally {
    for (const signal of SIGNALS) process.off(signal, onSignal);
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

async function uploadEach(uploads: readonly Upload[], run: Run): Promise<number> {
  const ends = { stored: 0, before: 0, failed: 0 };
  for (const [index, upload] of uploads.entries()) {
    if (!run.isOnly) say(`${index + 1} of ${uploads.length}: sending ${upload.path} as ${upload.key}`);
    const end = await uploadOne(upload, run);
    if (end === 'stopped') return 130;
    ends[end] += 1;
  }
  if (!run.isOnly) say(`${ends.stored} stored, ${ends.before} stored already, ${ends.failed} not stored`);
  return ends.failed === 0 ? 0 : 1;
}

/** Throws BadInput for what cannot be read, UsageError for two files of one path. */
async function uploadsOf({ files, target, size, key }: UploadArguments): Promise<Upload[]> {
  if (size !== undefined && target !== undefined) {
    const open = async (signal: AbortSignal) => openStream(process.stdin, { size, key }, signal);
    return [{ path: 'standard input', key: target, size, open }];
  }
  const inputs = (await Promise.all(files.map((word) => filesOf(word, target)))).flat();
  mustDiffer(inputs);
  return inputs.map((input) => ({ ...input, open: () => openFile(input.path) }));
}

async function uploadOne(upload: Upload, run: Run): Promise<'stored' | 'before' | 'failed' | 'stopped'> {
  const { reached, given, signal } = run;
  const progress = openProgress();
  let content: Content | undefined;
  let opened: string | undefined;
  try {
    if (upload.size === 0)
      throw new BadInput(`${upload.path} is empty`, { wayOut: 'there is nothing to send in slices' });
    content = await upload.open(signal);
    const { receipt, sentNow } = await sendContent(content, openApiClient(reached, signal), {
      target: upload.key,
      atOnce: given.atOnce,
      signal,
      observe: progress.observe,
      onOpen: (id) => {
        opened = id;
      },
    });
    progress.stop();
    if (!sentNow) say('stored already, nothing sent; this is its receipt');
    const text = given.json ? JSON.stringify(receipt) : receiptLines(receipt, NOT_READ_BACK).join('\n');
    process.stdout.write(`${text}\n`);
    return sentNow ? 'stored' : 'before';
  } catch (error) {
    progress.stop();
    const isCancelled =
      content?.isOnce === true && opened !== undefined && (await cancelled(reached, opened));
    if (signal.aborted) {
      say(
        isCancelled
          ? 'stopped; the upload was cancelled'
          : 'stopped; the same command again sends only what is missing',
      );
      return 'stopped';
    }
    if (run.isOnly) throw error;
    fail(error);
    return 'failed';
  } finally {
    await content?.close();
  }
}

/** In ms. */
const CANCEL_MS = 10_000;

/** Nobody can go on with it, so it must not keep its target. */
async function cancelled(reached: ReachedApi, id: string): Promise<boolean> {
  try {
    await openApiClient(reached, AbortSignal.timeout(CANCEL_MS)).cancel(id);
    return true;
  } catch {
    return false; // what came before is what is told
  }
}

const NOT_READ_BACK = { readBack: false, why: 'this command has no access to COS' } as const;
