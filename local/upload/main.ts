import { BadInput } from '../../shared/errors.ts';
import { runToExit, say } from '../command.ts';
import { openProgress } from '../start/progress.ts';
import { receiptLines } from '../start/receipt-lines.ts';
import { checkFile } from '../start/source-file.ts';
import { openApiClient } from './api-client.ts';
import { readUploadArguments, UPLOAD_USAGE } from './arguments.ts';
import { openLocalFile } from './local-file.ts';
import { sendFile } from './send-file.ts';

/** `npm run upload`: a file into COS through the HTTP API. */
async function main(): Promise<number> {
  const given = readUploadArguments(process.argv.slice(2), process.env);
  if (given === 'help') {
    process.stdout.write(UPLOAD_USAGE);
    return 0;
  }
  const { path, name, size } = await checkFile(given.file);
  if (size === 0)
    throw new BadInput(`${given.file} is empty`, { wayOut: 'there is nothing to send in slices' });
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  const file = await openLocalFile(path);
  const progress = openProgress();
  try {
    const api = openApiClient(given.api, given.token, stop.signal);
    const receipt = await sendFile(file, api, {
      target: given.target ?? name,
      atOnce: given.atOnce,
      signal: stop.signal,
      observe: progress.observe,
    });
    progress.stop();
    if (given.json) process.stdout.write(`${JSON.stringify(receipt)}\n`);
    else for (const line of receiptLines(receipt, NOT_READ_BACK)) process.stdout.write(`${line}\n`);
    return 0;
  } catch (error) {
    progress.stop();
    if (!stop.signal.aborted) throw error;
    say('stopped; the same command again sends only what is missing');
    return 130;
  } finally {
    await file.close();
  }
}

const NOT_READ_BACK = { readBack: false, why: 'this command has no access to COS' } as const;

runToExit(main);
