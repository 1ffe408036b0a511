import { randomBytes } from 'node:crypto';
import { mkdir, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { asError } from '../../shared/errors.ts';
import type { LogFields } from '../../shared/observe/observe.ts';
import { portOf, readWords, runToExit, say, UsageError } from '../command.ts';
import { openPage } from '../console/page-files.ts';
import { watchDrops } from '../s3/drop/drop.ts';
import type { DroppedObject } from '../s3/drop/dropped-object.ts';
import { startApi } from '../stack/api/server.ts';
import { SOURCE_BUCKET, type Stack, startStack } from '../stack/stack.ts';
import { printable } from '../terminal/columns.ts';
import { expireEveryHour } from './expire-uploads.ts';
import { lookAtExisting } from './offer-backfill.ts';
import { openReport } from './report.ts';
import { assertAlone, sayRunning, sayStopped } from './running.ts';
import { endedBefore, LEFT, openStoredAlready } from './stored-already.ts';

const USAGE = `Usage: npm run dev [-- --data DIR] [--port N]

Keeps the whole stack running on this machine, with a page to watch it. A file put into its drop folder is relayed into
COS; one that was interrupted goes on. Addresses are printed at the start. Ctrl-C ends it.

  --data DIR    where state is kept (RELAY_DATA, default .relay)
  --port N      port of the HTTP API, 0 for any free one (default 8080)
  --cors ORIGIN pages of this origin may call the API, such as http://localhost:3000
  --token T     bearer token the API asks for (RELAY_TOKEN, default: a new one, printed)
  --help        this text
`;

/** How often the page asks, in ms: nothing here costs anything. */
const POLL_MS = 400;

async function main(): Promise<number> {
  const given = readArguments(process.argv.slice(2));
  if (given.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const token = tokenOf(given.token ?? process.env.RELAY_TOKEN);
  const dataDir = resolve(process.env.INIT_CWD ?? '.', given.data ?? process.env.RELAY_DATA ?? '.relay');
  const port = portOf(given.port ?? '8080');
  await assertAlone(dataDir);
  await mkdir(dataDir, { recursive: true });
  const starting: Promise<Stack> = startStack({
    dataDir,
    env: { PROGRESS_MS: '250', ...process.env },
    machine: { pauseMs: 1_000 },
    wiring: {
      observe: openReport({ find: async (id) => (await starting).services.store.get(id) }),
      log: { info: () => undefined, warn },
    },
  });
  const stack = await starting;
  const ended = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ended.abort());

  const page = await openPage({ pollMs: POLL_MS });
  const api = await startApi({ services: stack.services, port, token, page, ...originOf(given.cors) });
  const drop = join(stack.root, SOURCE_BUCKET);
  await sayRunning(dataDir, { pid: process.pid, api: api.origin, token, dynamodb: stack.dynamodb });
  const { config } = stack.services;
  say(`open      ${api.origin}/#key=${token}`);
  say(`drop here ${drop}`);
  say(`API       ${api.origin}, Authorization: Bearer ${token}`);
  say(`COS       ${stack.cos?.origin ?? config.COS_ENDPOINT ?? `region ${config.COS_REGION}`}`);
  say(`S3        ${stack.s3?.origin ?? process.env.AWS_ENDPOINT_URL_S3}, bucket ${SOURCE_BUCKET}`);
  if ((await readdir(drop)).length === 0)
    say('nothing was dropped yet: open the address above, and send a sample with one click');
  const existing = await lookAtExisting(drop, api.origin, token);
  if (existing.line !== undefined) say(existing.line);
  void expireEveryHour(stack.services, ended.signal);
  const storedAlready = openStoredAlready();
  const relay = async (object: DroppedObject) => {
    const end = await endedBefore(object, stack.services);
    if (end === 'stored') storedAlready(object.key);
    else if (end !== undefined) say(LEFT[end].replace('{key}', () => printable(object.key)));
    await stack.announce(object);
  };
  const announce = (object: DroppedObject) =>
    void relay(object).catch((error: unknown) =>
      say(`refused   ${printable(object.key)}: ${asError(error).message}`),
    );
  await watchDrops(stack.root, SOURCE_BUCKET, announce, {
    signal: ended.signal,
    includeExisting: existing.oneByOne,
    onSkipped: ({ path, why }) => say(`skipped   ${printable(path)}: ${why}`),
  });
  say('stopped; what was under way goes on at the next start');
  await sayStopped(dataDir);
  await api.close();
  await stack.close();
  return 0;
}

/** Throws UsageError. */
function originOf(text: string | undefined): { readonly corsOrigin?: string } {
  if (text === undefined) return {};
  if (URL.parse(text)?.origin === text) return { corsOrigin: text };
  throw new UsageError(`--cors ${text} is not an origin such as http://localhost:3000; see --help`);
}

/** An empty token would let everybody in. Throws UsageError. */
function tokenOf(text: string | undefined): string {
  if (text === undefined) return randomBytes(16).toString('hex');
  if (/^\S+$/.test(text)) return text;
  throw new UsageError('the token (RELAY_TOKEN or --token) is empty or has spaces in it; see --help');
}

/** How a transfer ended is told by its name, in a line of its own. */
const ENDED = new Set(['transfer failed', 'transfer cancelled', 'transfer superseded']);

function warn(text: string, fields: LogFields = {}): void {
  if (ENDED.has(text)) return;
  const id = String(fields.transferId ?? '').slice(0, 8);
  say([id, text, fields.reason].filter(Boolean).join(' '));
}

function readArguments(args: readonly string[]) {
  return readWords({
    args: [...args],
    options: {
      data: { type: 'string' },
      port: { type: 'string' },
      token: { type: 'string' },
      cors: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  }).values;
}

runToExit(main, 'works');
