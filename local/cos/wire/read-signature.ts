import { Refused } from './codes.ts';

export type Signature = {
  readonly digest: Buffer;
  readonly text: string;
  /** By name: the order of the fields is free. */
  readonly fields: ReadonlyMap<string, string>;
};

const DIGEST_BYTES = 20;

/** Takes a signature apart: base64 of 20 bytes of digest and the text they sign. Throws -97 for what is none. */
export function readSignature(authorization: string | undefined): Signature {
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

/** `r` has 1 to 20 digits: the pages say ten, the C++ SDK draws 64 bits. */
function isReadable(fields: ReadonlyMap<string, string>): boolean {
  const named = ['a', 'b', 'k'].every((name) => fields.get(name));
  const timed = ['e', 't'].every((name) => /^\d{1,12}$/.test(fields.get(name) ?? ''));
  return named && timed && /^\d{1,20}$/.test(fields.get('r') ?? '');
}
