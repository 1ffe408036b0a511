import { createHmac } from 'node:crypto';
import type { EpochSeconds } from '../time.ts';
import { type CosTarget, fileId } from './target.ts';

export type CosCredentials = { readonly secretId: string; readonly secretKey: string };

export type SigningMoment = {
  readonly now: EpochSeconds;
  /** An unsigned decimal of at most 10 digits. */
  readonly nonce: number;
};

/** How long a signature is good when it may be used more than once, in s. COS allows three months. */
const VALID_FOR_S = 900;

/** The largest `r` that has at most ten digits and is an unsigned 32-bit number. */
export const NONCE_MAX = 4_294_967_295;

/** For init, data, list, finish, upload, stat and create: good for some minutes, bound to the file. (COS v4 API, page 436/6054.) */
export const signMultiEffect = (
  credentials: CosCredentials,
  target: CosTarget,
  moment: SigningMoment,
): string => sign(credentials, signedText(credentials, target, moment, moment.now + VALID_FOR_S));

/** For delete and update: good once, `e=0`. (COS v4 API, page 436/6054.) */
export const signSingleEffect = (
  credentials: CosCredentials,
  target: CosTarget,
  moment: SigningMoment,
): string => sign(credentials, signedText(credentials, target, moment, 0));

/** `base64(HMAC-SHA1(secretKey, text) + text)`: the digest's raw bytes first. */
export function sign(credentials: CosCredentials, text: string): string {
  const digest = createHmac('sha1', credentials.secretKey).update(text).digest();
  return Buffer.concat([digest, Buffer.from(text)]).toString('base64');
}

function signedText(
  { secretId }: CosCredentials,
  target: CosTarget,
  { now, nonce }: SigningMoment,
  expires: EpochSeconds,
): string {
  return `a=${target.appId}&b=${target.bucket}&k=${secretId}&e=${expires}&t=${now}&r=${nonce}&f=${fileId(target)}`;
}
