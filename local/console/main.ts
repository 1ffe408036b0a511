import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { fromNodeProviderChain } from '@aws-sdk/credential-providers';
import { portOf, readWords, runToExit, say, UsageError } from '../command.ts';
import { type Identity, openForward } from './forward.ts';
import { openPage } from './page-files.ts';
import { startConsole } from './server.ts';
import { apiOfStage, regionOf } from './stage-api.ts';

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
  const region = regionOf(given.api, given.region, process.env);
  const api = given.api === undefined ? await apiOfStage(stageOf(given.stage), region) : addressOf(given.api);
  const token = given.token ?? (process.env.RELAY_TOKEN || undefined);
  const identity: Identity =
    token === undefined
      ? { kind: 'aws', credentials: fromNodeProviderChain(), region }
      : { kind: 'token', token };
  const key = randomBytes(16).toString('hex');
  const page = await openPage({ api: api.href, pollMs: POLL_MS });
  const served = await startConsole({ page, forward: openForward(api, identity), key, port });
  say(`open ${served.origin}/#key=${key}`);
  say(`it shows ${api.href}; Ctrl-C ends it`);
  await Promise.race((['SIGINT', 'SIGTERM'] as const).map((signal) => once(process, signal)));
  await served.close();
  return 0;
}

function stageOf(stage: string | undefined): string {
  if (stage !== undefined && /^[\w-]+$/.test(stage)) return stage;
  throw new UsageError('say --stage S or --api URL; see --help');
}

function addressOf(text: string): URL {
  const url = URL.parse(text);
  if (url && /^https?:$/.test(url.protocol)) return url;
  throw new UsageError(`--api ${text} is not an http or https address; see --help`);
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
