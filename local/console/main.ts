import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { portOf, readWords, runToExit, say } from '../command.ts';
import { openForward } from '../reach/forward.ts';
import { reachApi } from '../reach/reach-api.ts';
import { openPage } from './page-files.ts';
import { startConsole } from './server.ts';

const USAGE = `Usage: npm run console -- --stage S | --api URL

Serves the page with the slice map on this machine, for a relay on AWS. Each call is signed with your own AWS credentials
(environment, profile, SSO, …), or carries your token, so nothing of it is public. Open the printed address.

  --stage S     the stage that was deployed; its API is read from the stack's outputs
  --api URL     the address of the API instead
  --region R    of the stack or the API (default: that of --api's address, AWS_REGION, us-east-1)
  --token T     a JWT instead of AWS credentials (RELAY_TOKEN)
  --port N      port on this machine, 0 for any free one (default 8081)
  --help        this text

Exit codes: 0 ended by Ctrl-C, 1 the stack cannot be read, 2 bad arguments.
`;

/** How often the page asks, in ms; docs/console.md says what that costs. */
const POLL_MS = 2_000;

async function main(): Promise<number> {
  const given = readArguments(process.argv.slice(2));
  if (given.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const port = portOf(given.port ?? '8081');
  const { api, identity } = await reachApi(given, process.env);
  const key = randomBytes(16).toString('hex');
  const page = await openPage({ api: api.href, pollMs: POLL_MS });
  const served = await startConsole({ page, forward: openForward(api, identity), key, port });
  say(`open ${served.origin}/#key=${key}`);
  say(`it shows ${api.href}; Ctrl-C ends it`);
  await Promise.race((['SIGINT', 'SIGTERM'] as const).map((signal) => once(process, signal)));
  await served.close();
  return 0;
}

function readArguments(args: readonly string[]) {
  return readWords({
    args: [...args],
    options: {
      stage: { type: 'string' },
      api: { type: 'string' },
      region: { type: 'string' },
      token: { type: 'string' },
      port: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  }).values;
}

runToExit(main);
