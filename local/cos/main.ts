import { resolve } from 'node:path';
import { BadUsage, readSettings, type Settings, USAGE } from './command-line.ts';
import { type CosEndpoint, startCosEndpoint } from './endpoint.ts';

const say = (line: string): void => void process.stderr.write(`${line}\n`);

async function main(): Promise<void> {
  const settings = readSettings(process.argv.slice(2), process.env);
  if (settings.help) {
    process.stdout.write(USAGE);
    return;
  }
  const endpoint = await start(settings);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void endpoint.close().then(() => process.exit(0)));
  }
  const { appId, buckets } = settings;
  say(`COS endpoint on ${endpoint.origin}, app ${appId}, bucket ${buckets.join(', ')}`);
  say(`keeps everything in ${resolve(settings.data)}; Ctrl-C ends it`);
}

function start({ port, host, data, appId, buckets, secretId, secretKey }: Settings): Promise<CosEndpoint> {
  return startCosEndpoint({
    dataDir: data,
    port,
    host,
    appId,
    buckets,
    credentials: [{ secretId, secretKey }],
  });
}

main().catch((error: unknown) => {
  const bad = error instanceof BadUsage;
  say(`cos: ${error instanceof Error ? error.message : 'failed'}${bad ? '; see --help' : ''}`);
  process.exitCode = bad ? 2 : 1;
});
