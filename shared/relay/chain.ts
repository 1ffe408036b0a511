import type { Opening, Sending } from '../session/transfer.ts';
import type { RelayParts } from './parts.ts';

/** The whole file's SHA-1 with its chain, if the transfer wants one. */
export type WholeHash =
  | { readonly kind: 'none' }
  | { readonly kind: 'unhashed' }
  | { readonly kind: 'hash'; readonly sha1: string; readonly uploadParts: string };

export async function wholeHash(_transfer: Opening | Sending, _parts: RelayParts): Promise<WholeHash> {
  return { kind: 'none' };
}
