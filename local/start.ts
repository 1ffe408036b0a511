import { relayCommand } from './relay-command.ts';
import { exitCodeOf, fail } from './say.ts';
import { readStartArguments, START_USAGE } from './start-arguments.ts';

/** `npm start`: one file through the whole relay, with its proof. */
async function main(): Promise<number> {
  const given = readStartArguments(process.argv.slice(2));
  if (given.help) {
    process.stdout.write(START_USAGE);
    return 0;
  }
  return relayCommand(given, process.env);
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    fail(error);
    process.exit(exitCodeOf(error));
  },
);
