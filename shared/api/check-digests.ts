import { createHash } from 'node:crypto';
import { parseDictionary } from 'structured-headers';
import { BadInput } from '../errors.ts';
import { Declined } from './declined.ts';
import type { PutInput } from './request-schemas.ts';

type Claim = { readonly header: string; readonly algorithm: string; readonly digest: Uint8Array };

/** The names of RFC 3230 and RFC 9530 for what node:crypto can hash. Others are passed over, as both RFCs say. */
const ALGORITHMS: ReadonlyMap<string, { readonly hash: string; readonly bytes: number }> = new Map([
  ['md5', { hash: 'md5', bytes: 16 }],
  ['sha', { hash: 'sha1', bytes: 20 }],
  ['sha-256', { hash: 'sha256', bytes: 32 }],
  ['sha-512', { hash: 'sha512', bytes: 64 }],
]);

/** Compares the content with every digest the client sent along. Throws BadInput for one that is none, Declined for another one. */
export function checkDigests(headers: PutInput['headers'], content: Uint8Array): void {
  for (const { header, algorithm, digest } of claims(headers)) {
    const known = ALGORITHMS.get(algorithm);
    if (!known) continue;
    if (digest.length !== known.bytes)
      throw new BadInput(`headers.${header}: must be a ${algorithm} in base64`);
    if (createHash(known.hash).update(content).digest().equals(digest)) continue;
    throw new Declined(
      'digest-mismatch',
      `the slice arrived with another ${algorithm} than ${header} says`,
      'send the slice again; it was damaged on the way',
    );
  }
}

function claims(headers: PutInput['headers']): Claim[] {
  const md5 = headers['content-md5'];
  return [
    ...(md5 === undefined ? [] : [{ header: 'content-md5', algorithm: 'md5', digest: fromBase64(md5) }]),
    ...digestClaims(headers.digest),
    ...contentDigestClaims(headers['content-digest']),
  ];
}

/** RFC 3230, 4.3.2: `SHA-256=base64`, comma separated; the names are in any case. */
function digestClaims(text: string | undefined): Claim[] {
  if (text === undefined) return [];
  return text.split(',').map((entry) => {
    const [, algorithm, value] = /^([!#$%&'*+.^_`|~\w-]+)=(.*)$/.exec(entry.trim()) ?? [];
    if (algorithm === undefined || value === undefined) throw unreadable('digest');
    return { header: 'digest', algorithm: algorithm.toLowerCase(), digest: fromBase64(value) };
  });
}

/** RFC 9530, 2: a dictionary of structured fields (RFC 9651) whose values are byte sequences; parameters say nothing. */
function contentDigestClaims(text: string | undefined): Claim[] {
  if (text === undefined) return [];
  let dictionary: ReturnType<typeof parseDictionary>;
  try {
    dictionary = parseDictionary(text);
  } catch {
    throw unreadable('content-digest');
  }
  return [...dictionary].map(([algorithm, [value]]) => {
    if (!(value instanceof ArrayBuffer)) throw unreadable('content-digest');
    return { header: 'content-digest', algorithm, digest: new Uint8Array(value) };
  });
}

/** Nothing for what is not base64: no digest has that length. */
const fromBase64 = (text: string): Uint8Array =>
  /^[A-Za-z0-9+/]+={0,2}$/.test(text) ? Buffer.from(text, 'base64') : new Uint8Array();

const unreadable = (header: string): BadInput => new BadInput(`headers.${header}: is not readable`);
