import { Readable } from 'node:stream';
import busboy from '@fastify/busboy';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Form, frame } from '../../shared/cos/form.ts';

/** What another program reads out of the body. */
async function parse({ contentType, pieces }: Form) {
  const fields: Record<string, string> = {};
  const files: Record<string, Buffer> = {};
  const parser = new busboy.Busboy({ headers: { 'content-type': contentType } });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  parser.on('field', (name: string, value: string) => {
    fields[name] = value;
  });
  parser.on('file', (name: string, stream: Readable) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => {
      files[name] = Buffer.concat(chunks);
    });
  });
  parser.on('finish', resolve).on('error', reject);
  Readable.from(pieces).pipe(parser);
  await promise;
  return { fields, files };
}

const fields = fc.dictionary(
  fc.stringMatching(/^[a-z][a-z_]{0,11}$/),
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  {
    maxKeys: 6,
    noNullPrototype: true,
  },
);

test('another program reads back every field and every byte of the content', async () => {
  await fc.assert(
    fc.asyncProperty(
      fields,
      fc.option(fc.uint8Array({ maxLength: 3_000 }), { nil: undefined }),
      async (given, content) => {
        const form = frame(given, content);

        const read = await parse(form);

        expect(read.fields).toEqual(given);
        expect(read.files.filecontent).toEqual(content && Buffer.from(content));
        expect(form.length).toBe(form.pieces.reduce((sum, piece) => sum + piece.length, 0));
      },
    ),
  );
});

test('the content is neither copied nor joined, and the same form can be sent twice', async () => {
  const content = Buffer.from('--not a boundary--\r\n\r\n');
  const form = frame({ op: 'x' }, content);

  expect(form.pieces[1]).toBe(content);
  expect(await parse(form)).toEqual(await parse(form));
});
