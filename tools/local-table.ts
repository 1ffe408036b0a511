import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { findRunning } from '../local/dev/running.ts';
import { startDynamoDb } from '../local/stack/dynamodb.ts';
import { LOCAL_COS } from '../local/stack/stack.ts';
import { loadConfig } from '../shared/config.ts';
import { type Wired, wire } from '../shared/wiring/wiring.ts';

/** The table of the relay on this machine, and nothing else of it: that of `npm run dev` while that runs. */
export async function openLocalTable(
  dataDir: string,
  env: NodeJS.ProcessEnv,
): Promise<{ readonly services: Wired; close(): Promise<void> }> {
  const running = await findRunning(dataDir);
  const own = running?.dynamodb ? undefined : await startDynamoDb({ dataDir: join(dataDir, 'dynamodb') });
  const endpoint = running?.dynamodb ?? own?.endpoint;
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const dynamodb = new DynamoDBClient({ region: 'us-east-1', credentials, ...(endpoint && { endpoint }) });
  const services = wire(loadConfig({ ...LOCAL_COS, ...env }), { dynamodb });
  return {
    services,
    close: async () => {
      await services.close();
      await own?.close();
    },
  };
}
