import { createCipheriv, createDecipheriv, hash, randomBytes } from 'node:crypto';
import { BadInput } from '../errors.ts';

const CIPHER = 'aes-256-gcm';
const [IV, TAG] = [12, 16];

/** Where a page ended, for this query of this caller only; nobody can read in it whose transfer stood there. */
export function sealCursor(position: string, query: unknown, seal: string): string {
  const iv = randomBytes(IV);
  const cipher = createCipheriv(CIPHER, hash('sha256', seal, 'buffer'), iv).setAAD(bound(query));
  const sealed = Buffer.concat([iv, cipher.update(position, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return sealed.toString('base64url');
}

/** Throws BadInput for what is no cursor of this query. */
export function openCursor(cursor: string, query: unknown, seal: string): string {
  const sealed = Buffer.from(cursor, 'base64url');
  try {
    const decipher = createDecipheriv(CIPHER, hash('sha256', seal, 'buffer'), sealed.subarray(0, IV))
      .setAAD(bound(query))
      .setAuthTag(sealed.subarray(-TAG));
    return decipher.update(sealed.subarray(IV, -TAG), undefined, 'utf8') + decipher.final('utf8');
  } catch (cause) {
    throw new BadInput('query.cursor: is not a cursor of this query', {
      wayOut: 'send `next` of the page before, with the same filters',
      cause,
    });
  }
}

const bound = (query: unknown): Buffer => Buffer.from(JSON.stringify(query));
