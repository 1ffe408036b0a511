import { createHash } from 'node:crypto';
import { BadInput } from '../errors.ts';
import { Declined } from './declined.ts';
import type { PutInput } from './schemas.ts';

type Claim = { readonly header: string; readonly algorithm: string; readonly value: string };

/** The names of RFC 3230 and RFC 9530 for what node:crypto can hash. Others are passed over, as both RFCs say. */
const ALGORITHMS: Readonly<Record<string, { readonly hash: string; readonly bytes: number }>> = {
  md5: { hash: 'md5', bytes: 16 },
  sha: { hash: 'sha1', bytes: 20 },
  'sha-256': { hash: 'sha256', bytes: 32 },
  'sha-512': { hash: 'sha512', bytes: 64 },
};

/** Compares the content with every digest the client sent along. Throws BadInput for one that is none, Declined for another one. */
export function checkDigests(headers: PutInput['headers'], content: Uint8Array): void {
  for (const { header, algorithm, value } of claims(headers)) {
    const known = ALGORITHMS[algorithm];
    if (!known) continue;
    if (Buffer.from(value, 'base64').length !== known.bytes || !/^[A-Za-z0-9+/]+={0,2}$/.test(value)) {
      throw new BadInput(`headers.${header}: must be a ${algorithm} in base64`);
    }
    if (createHash(known.hash).update(content).digest('base64') === value) continue;
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
    ...(md5 === undefined ? [] : [{ header: 'content-md5', algorithm: 'md5', value: md5 }]),
    ...list('digest', headers.digest, /^([A-Za-z0-9-]+)=(.*)$/), // RFC 3230: SHA-256=base64
    ...list('content-digest', headers['content-digest'], /^([a-z0-9-]+)=:(.*):$/), // RFC 9530: sha-256=:base64:
  ];
}

function list(header: string, text: string | undefined, form: RegExp): Claim[] {
  if (text === undefined) return [];
  return text.split(',').map((entry) => {
    const [, algorithm, value] = form.exec(entry.trim()) ?? [];
    if (algorithm === undefined || value === undefined)
      throw new BadInput(`headers.${header}: is not readable`);
    return { header, algorithm: algorithm.toLowerCase(), value };
  });
}
