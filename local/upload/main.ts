import { runToExit } from '../command.ts';
import { readUploadArguments, UPLOAD_USAGE } from './arguments.ts';
import { uploadCommand } from './upload-all.ts';

/** `npm run upload`: files into COS through the HTTP API. */
async function main(): Promise<number> {
  const given = readUploadArguments(process.argv.slice(2));
  if (given === 'help') {
    process.stdout.write(UPLOAD_USAGE);
    return 0;
  }
  return uploadCommand(given, process.env);
}

runToExit(main, 'works');
