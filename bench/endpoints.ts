import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { type CosEndpoint, type CosEndpointOptions, startCosEndpoint } from '../local/cos/endpoint.ts';
import { type S3Endpoint, startS3Endpoint } from '../local/s3/endpoint.ts';
import { startDynamoDb } from '../local/stack/dynamodb.ts';
import { LOCAL_COS } from '../local/stack/stack.ts';
import { tableDefinition } from '../shared/records/table.ts';
import { answer } from './child.ts';

/** One of the far sides, in a process of its own: on Lambda they are elsewhere too. */
export type Endpoints = typeof tasks;

let cos: CosEndpoint | undefined;
let s3: S3Endpoint | undefined;

const tasks = {
  async cos(options: Partial<CosEndpointOptions> & { readonly dataDir: string }) {
    cos = await startCosEndpoint({
      appId: LOCAL_COS.COS_APP_ID,
      buckets: [LOCAL_COS.COS_BUCKET],
      credentials: [{ secretId: LOCAL_COS.COS_SECRET_ID, secretKey: LOCAL_COS.COS_SECRET_KEY }],
      ...options,
    });
    return cos.origin;
  },
  async s3({ root }: { readonly root: string }) {
    s3 = await startS3Endpoint({ root });
    return s3.origin;
  },
  async dynamodb({ table }: { readonly table: string }) {
    const { endpoint } = await startDynamoDb();
    const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
    const client = new DynamoDBClient({ endpoint, region: 'us-east-1', credentials });
    await client.send(new CreateTableCommand(tableDefinition(table)));
    client.destroy();
    return endpoint;
  },
  map({ bucket, key, path }: { readonly bucket: string; readonly key: string; readonly path: string }) {
    s3?.map(bucket, key, path);
  },
  async file({ bucket, path }: { readonly bucket: string; readonly path: string }) {
    const file = await cos?.file(bucket, path);
    return file && { size: file.size, dataPath: file.dataPath };
  },
  /** Requests so far, by operation. */
  counts() {
    const counted: Record<string, number> = {};
    for (const { op } of [...(cos?.log ?? []), ...(s3?.log ?? [])])
      counted[op ?? ''] = (counted[op ?? ''] ?? 0) + 1;
    return counted;
  },
  /** Memory at most so far, in MiB. */
  peakMiB: () => process.resourceUsage().maxRSS / 1_024,
  /** CPU time so far, in ms. */
  cpuMs() {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1_000;
  },
};

answer(tasks);
