import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import type { Clock } from '../time.ts';
import type { ObjectRef } from './object-source.ts';
import type { Place } from './range-connection.ts';

/** A signed address of an object; `target` goes into the request line to the byte as it was signed. */
export type SignedAddress = {
  readonly place: Place;
  readonly target: string;
  /** Nobody has used it before. */
  readonly fresh: boolean;
};

export type SignedAddresses = {
  of(object: ObjectRef): Promise<SignedAddress>;
  /** S3 refused this address for its signature: fetches the credentials again and keeps to S3's clock. */
  resign(refused: SignedAddress, date: string | undefined): Promise<void>;
};

/** A signed address is good for a worker's whole life, in s (Lambda ends it after 900). */
const ADDRESS_VALID_S = 1_800;
const ADDRESS_REUSE_MS = 600_000;
const ADDRESSES_KEPT = 100;
/** S3 bears a clock that is wrong by less than 15 minutes; below this nothing is corrected, in ms. */
const SKEW_MIN_MS = 60_000;

/** Signs GETs, and keeps the addresses for the next range of the same object. */
export function openSignedAddresses(s3: S3Client, clock: Clock): SignedAddresses {
  const kept = new Map<string, { address: SignedAddress; at: number }>();
  let offsetMs = 0; // S3's clock minus ours

  return {
    async of(object) {
      const name = JSON.stringify([object.bucket, object.key, object.versionId]);
      const known = kept.get(name);
      // by the clock on the wall: a function that was frozen meanwhile must see that time has passed
      if (known && Math.abs(clock() - known.at) < ADDRESS_REUSE_MS) return { ...known.address, fresh: false };
      const command = new GetObjectCommand({
        Bucket: object.bucket,
        Key: object.key,
        VersionId: object.versionId,
      });
      const signingDate = new Date(clock() + offsetMs);
      const address = split(await getSignedUrl(s3, command, { expiresIn: ADDRESS_VALID_S, signingDate }));
      if (kept.size >= ADDRESSES_KEPT) kept.clear();
      kept.set(name, { address, at: clock() });
      return address;
    },
    async resign({ target }, date) {
      const told = date === undefined ? Number.NaN : Date.parse(date) - clock();
      if (!Number.isNaN(told)) offsetMs = Math.abs(told) < SKEW_MIN_MS ? 0 : told;
      const isKept = [...kept.values()].some(({ address }) => address.target === target);
      if (!isKept) return; // another reader has signed anew already
      kept.clear();
      await s3.config.credentials({ forceRefresh: true });
    },
  };
}

/** A URL parser would take "." and ".." out of the path: the key then is another one than was signed. */
function split(url: string): SignedAddress {
  const slash = url.indexOf('/', url.indexOf('://') + 3);
  return { place: new URL(url.slice(0, slash)), target: url.slice(slash), fresh: true };
}
