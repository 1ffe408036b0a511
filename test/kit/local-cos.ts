import { type CosEndpoint, type CosEndpointOptions, startCosEndpoint } from '../../local/cos/endpoint.ts';
import { LOCAL_COS } from '../../local/stack/stack.ts';

const { COS_APP_ID: appId, COS_BUCKET, COS_SECRET_ID: secretId, COS_SECRET_KEY: secretKey } = LOCAL_COS;

/** The account of a local stack in a COS endpoint of the test's own, which makes no folders by itself. */
export const startLocalCos = (
  dataDir: string,
  more: Partial<CosEndpointOptions> = {},
): Promise<CosEndpoint> =>
  startCosEndpoint({
    strictFolders: true, // the harder of the two: the relay makes the directories itself
    dataDir,
    appId,
    buckets: [COS_BUCKET],
    credentials: [{ secretId, secretKey }],
    ...more,
  });
