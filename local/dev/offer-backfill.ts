import { walkBucket } from '../s3/folder/walk-bucket.ts';
import { SOURCE_BUCKET } from '../stack/stack.ts';

/** More files than so many are not taken up one by one when the relay starts. */
const MANY = 1_000;

/** What lies in the drop folder when the relay starts: what is said of it, and whether each file is relayed as if it came now. */
export type Existing = { readonly line: string | undefined; readonly oneByOne: boolean };

/** A backfill of them all is one call of the API, which the line has ready to be pasted. */
export async function lookAtExisting(drop: string, api: string, token: string): Promise<Existing> {
  const count = (await walkBucket(drop))?.size ?? 0;
  if (count === 0) return { line: undefined, oneByOne: true };
  const oneByOne = count <= MANY;
  const body = JSON.stringify({ source: { bucket: SOURCE_BUCKET } });
  const call = `curl -X POST ${api}/backfills -H 'Authorization: Bearer ${token}' -H 'Content-Type: application/json' -d '${body}'`;
  const fate = oneByOne ? 'what COS does not hold is relayed now' : 'too many to look at one by one';
  return {
    line: `${count} files lie there already (${fate}); all of them, with a report: ${call}`,
    oneByOne,
  };
}
