import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Address } from './address.ts';
import { Refused } from './codes.ts';

export type Credentials = { readonly secretId: string; readonly secretKey: string };

/** `many`: multi-effect, `e` lies ahead. `once`: single-effect, `e=0` and bound to its file. */
export type SignatureKind = 'many' | 'once';

type Signature = {
  readonly digest: Buffer;
  readonly text: string;
  readonly fields: ReadonlyMap<string, string>;
};

const DIGEST_BYTES = 20;
const LONGEST_VALID_SECONDS = 93 * 24 * 3600; // "at most three months"
const EARLIEST_SIGNED_SECONDS = 15 * 60; // a clock may run ahead by this much

/** Throws the signature code that fits, in the protocol's order: key, digest, time, app, bucket, file, kind. */
export function checkSignature(
  authorization: string | undefined,
  address: Address,
  kind: SignatureKind,
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

function readSignature(authorization: string | undefined): Signature {
  if (!authorization || !/^[A-Za-z0-9+/]+={0,2}$/.test(authorization)) throw new Refused(-97);
  const raw = Buffer.from(authorization, 'base64');
  const text = raw.subarray(DIGEST_BYTES).toString('utf8');
  const fields = new Map(
    text.split('&').map((pair): [string, string] => {
      const equals = pair.indexOf('=');
      return equals < 0 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)];
    }),
  );
  if (!isReadable(fields)) throw new Refused(-97);
  return { digest: raw.subarray(0, DIGEST_BYTES), text, fields };
}

function isReadable(fields: ReadonlyMap<string, string>): boolean {
  const named = ['a', 'b', 'k'].every((name) => fields.get(name));
  const timed = ['e', 't'].every((name) => /^\d{1,12}$/.test(fields.get(name) ?? ''));
  return named && timed && /^\d{1,10}$/.test(fields.get('r') ?? '');
}

function checkDigest({ digest, text, fields }: Signature, credentials: readonly Credentials[]): void {
  const found = credentials.find((one) => one.secretId === fields.get('k'));
  if (!found) throw new Refused(-47);
  const right = createHmac('sha1', found.secretKey).update(text).digest();
  if (digest.length !== right.length || !timingSafeEqual(digest, right)) throw new Refused(-48);
}

function checkTimes(fields: ReadonlyMap<string, string>, nowSeconds: number): void {
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

/** Both sides are decoded first: clients differ in what they escape, never in what they mean. */
function checkFile(fileId: string, address: Address): void {
  if (fileId === '') return;
  const meant = `/${address.appId}/${address.bucket}/${address.path}`;
  if (fileId !== meant && decodedOr(fileId) !== meant) throw new Refused(-63);
}

function checkKind(fields: ReadonlyMap<string, string>, kind: SignatureKind): void {
  const once = Number(fields.get('e')) === 0;
  if (once && !fields.get('f')) throw new Refused(-97, 'signature: single-effect, but not bound to a file');
  if (once !== (kind === 'once')) {
    throw new Refused(
      -97,
      `signature: this operation wants a ${kind === 'once' ? 'single' : 'multi'}-effect one`,
    );
  }
}

function decodedOr(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
