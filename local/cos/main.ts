import { createWriteStream } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Certificate, madeCertificate, readCertificate } from './certificate.ts';
import { BadUsage, readSettings, type Settings } from './command-line.ts';
import { type CosEndpoint, startCosEndpoint } from './endpoint.ts';
import type { RequestRecord } from './request-log.ts';
import { USAGE } from './usage.ts';

const RECORDS_TO_SHOW = 10_000; // of the log, by /_control/log

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
  if (settings.control)
    say(`control path: ${endpoint.origin}/_control/faults and /_control/log, open to all`);
  say(`keeps everything in ${resolve(settings.data)}; Ctrl-C ends it`);
}

async function start(settings: Settings): Promise<CosEndpoint> {
  const { secretId, secretKey, sliceSizes, latencyMs, bandwidth, clockOffsetMs, control, ...rest } = settings;
  const tls = await certificateOf(settings);
  const onRecord = rest.log === undefined ? undefined : logWriter(rest.log);
  const { port, host, appId, buckets, region, realHosts, allowOrigins } = rest;
  return startCosEndpoint({
    ...{ port, host, appId, buckets, region, realHosts, allowOrigins, control },
    ...{
      strictFolders: rest.strictFolders,
      refuseSame: rest.refuseSame,
      privateBuckets: rest.privateBuckets,
    },
    dataDir: rest.data,
    credentials: [{ secretId, secretKey }],
    ...(tls && { tls }),
    ...(sliceSizes && { sliceSizes }),
    ...(latencyMs !== undefined && { latencyMs }),
    ...(bandwidth !== undefined && { bandwidth }),
    ...(onRecord && { onRecord }),
    keepRecords: control ? RECORDS_TO_SHOW : 0,
    now: () => Date.now() + clockOffsetMs,
  });
}

async function certificateOf({ https, cert, key, data }: Settings): Promise<Certificate | undefined> {
  if (cert !== undefined && key !== undefined) return readCertificate(cert, key);
  if (!https) return undefined;
  const made = await madeCertificate(join(data, 'tls'));
  say(`certificate to be trusted by clients: ${resolve(made.certFile)}`);
  return made;
}

function logWriter(file: string): (record: RequestRecord) => void {
  const out = file === '-' ? process.stdout : createWriteStream(file, { flags: 'a' });
  out.on('error', (error) => {
    say(`cos: the log cannot be written: ${error.message}`);
    process.exit(1);
  });
  return (record) => void out.write(`${JSON.stringify(record)}\n`);
}

main().catch((error: unknown) => {
  const bad = error instanceof BadUsage;
  say(`cos: ${error instanceof Error ? error.message : 'failed'}${bad ? '; see --help' : ''}`);
  process.exitCode = bad ? 2 : 1;
});
