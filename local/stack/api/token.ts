import { createHash, timingSafeEqual } from 'node:crypto';

/** Compares hashes, so that the time taken says nothing about the token. */
export function isBearer(authorization: string | undefined, token: string): boolean {
  const given = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1] ?? '';
  const [a, b] = [given, token].map((text) => createHash('sha256').update(text).digest());
  return token !== '' && a !== undefined && b !== undefined && timingSafeEqual(a, b);
}
