import { fromNodeProviderChain } from '@aws-sdk/credential-providers';
import { UsageError } from '../command.ts';
import type { Identity } from './forward.ts';
import { apiOfStage, regionOf } from './stage-api.ts';

export type ApiWords = {
  readonly stage?: string | undefined;
  readonly api?: string | undefined;
  readonly region?: string | undefined;
  readonly token?: string | undefined;
};

/** The API that a command line names, and who calls it: the owner of a token, or of AWS credentials. Throws UsageError. */
export async function reachApi(
  given: ApiWords,
  env: Readonly<Record<string, string | undefined>>,
): Promise<{ readonly api: URL; readonly identity: Identity }> {
  const region = regionOf(given.api, given.region, env);
  const api = given.api === undefined ? await apiOfStage(stageOf(given.stage), region) : addressOf(given.api);
  const token = given.token ?? (env.RELAY_TOKEN || undefined);
  if (token !== undefined) return { api, identity: { kind: 'token', token } };
  return { api, identity: { kind: 'aws', credentials: fromNodeProviderChain(), region } };
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
