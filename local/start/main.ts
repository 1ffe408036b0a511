import { runToExit } from '../command.ts';
import { readStartArguments, START_USAGE } from './arguments.ts';

/** `npm start`: files through the whole relay, each with its proof. */
async function main(): Promise<number> {
  const given = readStartArguments(process.argv.slice(2));
  if (given.help) {
    process.stdout.write(START_USAGE);
    return 0;
  }
  const { relayCommand } = await import('./relay-files.ts'); // the whole stack: words that cannot work need none of it
  return relayCommand(given, process.env);
}

runToExit(main, 'works');
