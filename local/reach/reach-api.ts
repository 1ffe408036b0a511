import { resolve } from 'node:path';
import { fromNodeProviderChain } from '@aws-sdk/credential-providers';
import { say, UsageError } from '../command.ts';
import { findRunning } from '../dev/running.ts';
import type { Identity } from './sign.ts';
import { apiOfStage } from './stage.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export type ApiWords = {
  readonly stage?: string | undefined;
  readonly api?: string | undefined;
  readonly region?: string | undefined;
  readonly token?: string | undefined;
};

/** An API, and who calls it. */
export type ReachedApi = { readonly api: URL; readonly identity: Identity };

/** The API that a command line names, and who calls it: the owner of a token, or of AWS credentials. Throws UsageError. */
export async function reachApi(given: ApiWords, env: Environment): Promise<ReachedApi> {
  const region = regionOf(given.api, given.region, env);
  const api = given.api === undefined ? await apiOfStage(stageOf(given.stage), region) : addressOf(given.api);
  const token = given.token ?? (env.RELAY_TOKEN || undefined);
  if (token !== undefined) return { api, identity: { kind: 'token', token } };
  return { api, identity: { kind: 'aws', credentials: fromNodeProviderChain(), region } };
}

/**
 * The same for commands that look at this machine where no address is named: the relay that `npm run dev` keeps up there.
 * Throws UsageError.
 */
export async function reachNamedOrRunning(
  given: ApiWords & { readonly data?: string | undefined },
  env: Environment,
): Promise<ReachedApi> {
  const named = given.api ?? (given.stage === undefined ? env.RELAY_API || undefined : undefined);
  if (given.stage !== undefined || named !== undefined) return reachApi({ ...given, api: named }, env);
  const dataDir = resolve(env.INIT_CWD ?? '.', given.data ?? env.RELAY_DATA ?? '.relay');
  const running = await findRunning(dataDir);
  if (!running) {
    throw new UsageError(
      `no relay runs on ${dataDir}: start npm run dev, or say --stage S or --api URL; see --help`,
    );
  }
  say(`the relay on this machine, ${running.api}`);
  return { api: new URL(running.api), identity: { kind: 'token', token: given.token ?? running.token } };
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

/** Calls are signed for the region where the API is. */
function regionOf(api: string | undefined, region: string | undefined, env: Environment): string {
  const inAddress = /\.execute-api\.([a-z0-9-]+)\.amazonaws\./.exec(api ?? '')?.[1];
  return region ?? inAddress ?? (env.AWS_REGION || env.AWS_DEFAULT_REGION || 'us-east-1');
}
