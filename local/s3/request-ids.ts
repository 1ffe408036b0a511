import { randomBytes } from 'node:crypto';

/** The two ids S3 gives every answer. */
export const requestIds = () => ({
  'x-amz-request-id': randomBytes(8).toString('hex').toUpperCase(),
  'x-amz-id-2': randomBytes(24).toString('base64'),
});
