import { onTestFinished } from 'vitest';
import { type CosEndpointOptions, startCosEndpoint } from '../../local/cos/endpoint.ts';
import { APP, BUCKET, cosByHand, KEYS } from './cos-by-hand.ts';
import { tempDir } from './temp-dir.ts';

/** A COS endpoint, over a fresh folder unless one is given, and a client that speaks to it by hand; both go with the test. */
export async function cosEndpointBed(options: Partial<CosEndpointOptions> = {}) {
  const endpoint = await startCosEndpoint({
    dataDir: options.dataDir ?? (await dataDir()),
    appId: APP,
    buckets: [BUCKET],
    credentials: [KEYS],
    ...options,
  });
  onTestFinished(() => endpoint.close());
  return { endpoint, ...cosByHand(endpoint.origin) };
}

/** A fresh folder for what an endpoint stores; it goes with the test. */
export async function dataDir(): Promise<string> {
  const dir = await tempDir('cos-endpoint');
  onTestFinished(() => dir.remove());
  return dir.path;
}
