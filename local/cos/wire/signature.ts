import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Address } from './address.ts';
import { Refused } from './codes.ts';
import { readSignature, type Signature } from './read-signature.ts';

export type Credentials = { readonly secretId: string; readonly secretKey: string };

/** `many`: multi-effect, `e` lies ahead. `once`: single-effect, `e=0` and bound to its file. `either`: clients differ. */
export type SignatureKind = 'many' | 'once' | 'either';

export type Checked = {
  readonly authorization: string | undefined;
  readonly address: Address;
  readonly kind: SignatureKind;
};

const LONGEST_VALID_SECONDS = 93 * 24 * 3600; // "at most three months"
const EARLIEST_SIGNED_SECONDS = 15 * 60; // a clock may run ahead by this much

/** Throws the signature code that fits, in the protocol's order: key, digest, time, app, bucket, file, kind. */
export function checkSignature(
  { authorization, address, kind }: Checked,
  credentials: readonly Credentials[],
  nowSeconds: number,
): void {
  const signature = readSignature(authorization);
  const { fields } = signature;
  checkDigest(signature, credentials);
  checkTimes(fields, nowSeconds);
  if (fields.get('a') !== address.appId) throw new Refused(-70);
  if (fields.get('b') !== address.bucket) throw new Refused(-61);
  checkFile(fields.get('f') ?? '', address);
  checkKind(fields, kind);
}

function checkDigest({ digest, text, fields }: Signature, credentials: readonly Credentials[]): void {
  const found = credentials.find((one) => one.secretId === fields.get('k'));
  if (!found) throw new Refused(-47);
  const right = createHmac('sha1', found.secretKey).update(text).digest();
  if (digest.length !== right.length || !timingSafeEqual(digest, right)) throw new Refused(-48);
}

function checkTimes(fields: Signature['fields'], nowSeconds: number): void {
  const expires = Number(fields.get('e'));
  if (Number(fields.get('t')) > nowSeconds + EARLIEST_SIGNED_SECONDS) {
    throw new Refused(-59, 'signature: signed in the future');
  }
  if (expires === 0) return;
  if (expires <= nowSeconds) throw new Refused(-59);
  if (expires > nowSeconds + LONGEST_VALID_SECONDS) {
    throw new Refused(-97, 'signature: valid for more than three months');
  }
}

/**
 * Clients differ in what they escape, never in what they mean: `f` may be plain, encoded once or encoded twice. On a
 * download host it may also be the path alone.
 */
function checkFile(fileId: string, { host, appId, bucket, path }: Address): void {
  if (fileId === '') return;
  const meant = [`/${appId}/${bucket}/${path}`, ...(host === 'download' ? [`/${path}`, path] : [])];
  const once = decodedOr(fileId);
  const readings = [fileId, once, decodedOr(once)];
  if (!readings.some((reading) => meant.includes(reading))) throw new Refused(-63);
}

function checkKind(fields: Signature['fields'], kind: SignatureKind): void {
  const once = Number(fields.get('e')) === 0;
  if (once && !fields.get('f')) throw new Refused(-97, 'signature: single-effect, but not bound to a file');
  if (kind === 'either' || once === (kind === 'once')) return;
  const wanted = kind === 'once' ? 'single' : 'multi';
  throw new Refused(-97, `signature: this operation wants a ${wanted}-effect one`);
}

/** The text itself if it is not percent-encoded. */
function decodedOr(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
