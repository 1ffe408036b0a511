import { setTimeout as sleep } from 'node:timers/promises';
import { mapView } from '../../shared/api/map-schemas.ts';
import { pageView, transferView } from '../../shared/api/views.ts';
import { readWords, runToExit, UsageError } from '../command.ts';
import { openForward } from '../reach/forward.ts';
import { type ApiWords, reachNamedOrRunning } from '../reach/reach-api.ts';
import { openScreen } from '../terminal/screen.ts';
import { linesOfAll, linesOfOne } from './lines.ts';

const USAGE = `Usage: npm run watch [-- ID] [-- --stage S | --api URL]

Shows one transfer with its slices, or all of them, as they go on. Without --stage and --api it looks at the relay that
npm run dev keeps up on this machine. A transfer may be named by the first letters of its id.

  ID            the transfer; its id, or the beginning of it
  --stage S     a stage that was deployed; calls are signed with your AWS credentials
  --api URL     the address of an API instead (RELAY_API)
  --region R    of the stack or the API
  --token T     a bearer token instead of AWS credentials (RELAY_TOKEN)
  --data DIR    where the relay on this machine keeps its state (RELAY_DATA, default .relay)
  --once        show how it stands and end
  --help        this text

Exit codes: 0 stored, or ended by Ctrl-C; 1 the transfer ended without being stored, or cannot be seen; 2 bad arguments.
`;

const EVERY_MS = 1_000;
/** So many of the newest are shown. */
const SHOWN = 20;

async function main(): Promise<number> {
  const given = readArguments(process.argv.slice(2));
  if (given.values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const ended = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ended.abort());
  const ask = await openAsk(given.values, ended.signal);
  try {
    return await watch(given, ask, ended.signal);
  } catch (error) {
    if (ended.signal.aborted) return 0;
    throw error;
  }
}

async function watch(given: Arguments, ask: Ask, ended: AbortSignal): Promise<number> {
  const id = given.id === undefined ? undefined : await wholeId(given.id, ask);
  const screen = openScreen(process.stdout);
  for (;;) {
    const look = id === undefined ? await all(ask, screen.columns) : await one(id, ask, screen.columns);
    screen.show(look.lines);
    if (look.code !== undefined || given.values.once) return look.code ?? 0;
    await sleep(EVERY_MS, undefined, { signal: ended }).catch(() => undefined);
    if (ended.aborted) return 0;
  }
}

type Look = { readonly lines: readonly string[]; readonly code?: number };
type Ask = (path: string) => Promise<unknown>;

async function all(ask: Ask, columns: number): Promise<Look> {
  const { transfers } = pageView().parse(await ask(`/transfers?limit=${SHOWN}`));
  const shown = transfers.map(async (one) =>
    one.state === 'sending' ? transferView().parse(await ask(`/transfers/${one.id}`)) : one,
  );
  return { lines: linesOfAll(await Promise.all(shown), columns) };
}

async function one(id: string, ask: Ask, columns: number): Promise<Look> {
  const transfer = transferView().parse(await ask(`/transfers/${id}`));
  const map = mapView().parse(await ask(`/transfers/${id}/map`));
  const lines = linesOfOne(transfer, map, columns);
  if (transfer.state === 'sending' || transfer.state === 'opening') return { lines };
  return { lines, code: transfer.state === 'stored' ? 0 : 1 };
}

async function wholeId(start: string, ask: Ask): Promise<string> {
  if (start.length >= 40) return start;
  const { transfers } = pageView().parse(await ask('/transfers?limit=100'));
  const found = transfers.filter(({ id }) => id.startsWith(start));
  if (found.length === 1 && found[0]) return found[0].id;
  throw new UsageError(`${found.length} of the newest transfers begin with ${start}; say more of the id`);
}

/** Above the limit of the stage, or in trouble that passes: nothing was done, and the same call may be made again. */
const PASSES = new Set([429, 503, 504]);
const TRIES = 5;

async function openAsk(given: ApiWords & { data?: string | undefined }, ended: AbortSignal): Promise<Ask> {
  const { api, identity } = await reachNamedOrRunning(given, process.env);
  const forward = openForward(api, identity);
  return async (path) => {
    for (let tries = 1; ; tries += 1) {
      const { status, content } = await forward({ method: 'GET', path, headers: {}, body: Buffer.alloc(0) });
      if (status === 200) return JSON.parse(content.toString());
      if (!PASSES.has(status) || tries === TRIES) throw new Error(`the API says: ${told(status, content)}`);
      await sleep(EVERY_MS * 2 ** (tries - 1), undefined, { signal: ended });
    }
  };
}

function told(status: number, content: Buffer): string {
  const answer: unknown = JSON.parse(content.toString());
  const has = typeof answer === 'object' && answer !== null && 'detail' in answer;
  return has ? String(answer.detail) : `HTTP ${status}`;
}

type Arguments = ReturnType<typeof readArguments>;

function readArguments(args: readonly string[]) {
  const { values, positionals } = readWords({
    args: [...args],
    allowPositionals: true,
    options: {
      stage: { type: 'string' },
      api: { type: 'string' },
      region: { type: 'string' },
      token: { type: 'string' },
      data: { type: 'string' },
      once: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (positionals.length > 1) throw new UsageError('name one transfer, or none for all; see --help');
  const [id] = positionals;
  if (id !== undefined && !/^[0-9a-f]{4,40}$/.test(id))
    throw new UsageError(`${id} is not an id, nor four letters of one; see --help`);
  return { values, id };
}

runToExit(main);
