import { createHash } from 'node:crypto';
import type { Transport } from '../../shared/cos/transport.ts';
import { CosUnavailable } from '../../shared/errors.ts';
import { asTold } from '../../shared/s3/as-told.ts';
import { pinnedBy } from '../../shared/s3/head-object.ts';
import { isArchived, metadataOf } from '../../shared/s3/object-metadata.ts';
import type { ObjectSource } from '../../shared/s3/object-source.ts';
import { refusalOfS3 } from '../../shared/s3/refusal-of-s3.ts';

/** What COS does with one request: serves it, or answers so, whatever it was asked. */
export type CosAct =
  | { readonly kind: 'serve' }
  | { readonly kind: 'text'; readonly status: number; readonly text: string }
  | { readonly kind: 'served-then-text'; readonly text: string }
  | { readonly kind: 'cut' };

export type OddCos = {
  readonly transport: Transport;
  /** The bytes of the one file, if there is one. */
  file(): Buffer | undefined;
};

/** A COS of one path without a socket: replies are text, as the wire has them. */
export function oddCos(acts: readonly CosAct[], before: Buffer | undefined): OddCos {
  let file = before;
  const left = [...acts];
  const serve = (op: string, form: string, content: Buffer | undefined): object => {
    const there = file;
    if (op === 'upload' && there && form.includes('name="insertOnly"\r\n\r\n1'))
      return { code: -177, message: '' };
    if (op === 'upload') file = Buffer.from(content ?? '');
    if (op === 'delete') file = undefined;
    if (op !== 'stat') return { code: 0, message: '', data: { access_url: 'http://cos/f' } };
    if (!there) return { code: -197, message: '' };
    const sha = createHash('sha1').update(there).digest('hex'); // as COS has one of what came in one request
    const data = { filesize: there.length, filelen: there.length, sha, access_url: 'http://cos/f' };
    return { code: 0, message: '', data };
  };

  return {
    file: () => file,
    transport: {
      async send({ method, body }) {
        const [framing = Buffer.alloc(0), content] = body.map((piece) => Buffer.from(piece));
        const form = framing.toString('latin1');
        const op =
          method === 'GET'
            ? 'stat'
            : (/name="op"\r\n\r\n(\w+)|"op":"(\w+)"/.exec(form)?.slice(1).find(Boolean) ?? '');
        const act = left.shift() ?? { kind: 'serve' };
        const answer = { status: 200, date: undefined, requestId: 'r' };
        if (act.kind === 'cut') throw new CosUnavailable('no answer from COS: cut');
        if (act.kind === 'text') return { ...answer, status: act.status, text: act.text };
        const reply = serve(op, form, content);
        return { ...answer, text: act.kind === 'served-then-text' ? act.text : JSON.stringify(reply) };
      },
      close: async () => undefined,
    },
  };
}

/** What S3 does with one request. */
export type S3Act =
  | { readonly kind: 'serve'; readonly headers: readonly (readonly [string, string])[] }
  | { readonly kind: 'refuse'; readonly status: number; readonly body: string };

/** An S3 of one object without a socket, read by the relay's own reading of heads and refusals. */
export function oddS3(content: Buffer, acts: readonly S3Act[]): ObjectSource {
  const left = [...acts];
  const next = (ref: { readonly bucket: string; readonly key: string }): ReadonlyMap<string, string> => {
    const act = left.shift() ?? { kind: 'serve', headers: [] };
    if (act.kind === 'refuse') throw refusalOfS3(ref, act);
    return new Map([['etag', '"e"'], ['content-length', String(content.length)], ...act.headers]);
  };
  return {
    async pin(ref) {
      const headers = next(ref);
      return { object: pinnedBy(ref, headers), metadata: metadataOf(headers), archived: isArchived(headers) };
    },
    async fetch(told) {
      return { ...asTold(told, next(told)), content: new Uint8Array(content) };
    },
    async *read(object, { offset, length }) {
      next(object);
      yield new Uint8Array(content.subarray(offset, offset + length));
    },
  };
}
