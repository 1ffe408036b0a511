import { LOCAL_COS } from '../local/stack/stack.ts';
import type { CosTarget } from '../shared/cos/target.ts';

/** Where the far sides answer. */
export type Place = { readonly cos: string; readonly s3: string; readonly dynamodb: string };

export const BUCKET = 'source';
export const TABLE = 'bench';

/** What a contender is asked to carry: the object `key` into the COS file of the same path. */
export type Load = { readonly key: string; readonly size: number };

/** The configuration of a relay between these far sides. */
export const environmentOf = ({ cos, s3, dynamodb }: Place): Record<string, string> => ({
  ...LOCAL_COS,
  COS_ENDPOINT: cos,
  AWS_ENDPOINT_URL_S3: s3,
  AWS_ENDPOINT_URL_DYNAMODB: dynamodb,
  TABLE_NAME: TABLE,
});

export const targetOf = ({ key }: Pick<Load, 'key'>): CosTarget => ({
  region: LOCAL_COS.COS_REGION,
  appId: LOCAL_COS.COS_APP_ID,
  bucket: LOCAL_COS.COS_BUCKET,
  path: key,
});
