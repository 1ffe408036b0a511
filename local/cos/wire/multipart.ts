import busboy from '@fastify/busboy';
import type { Landing } from '../disk/landing.ts';
import { Refused } from './codes.ts';
import { type Content, contentSink } from './content.ts';
import { type FormReader, type FormReading, LONGEST_TEXT_BYTES } from './form-reader.ts';

/** `multipart/form-data`, its `filecontent` with a file name or without. Names are told apart by their letters alone, not their case. */
export function multipartForm(contentType: string, land: FormReading['land']): FormReader {
  const texts = new Map<string, string>();
  let landing: Landing | undefined;
  let content: (() => Content) | undefined;
  let isBroken = false;
  const { promise: whole, resolve: isWhole, reject } = Promise.withResolvers<void>();
  whole.catch(() => undefined); // `end` tells of it
  const broken = (why: unknown): void => {
    isBroken = true;
    reject(
      why instanceof Refused ? why : new Refused(-5999, why instanceof Error ? why.message : String(why)),
    );
  };
  /** Runs what a part calls for; the parser knows nothing of what we throw. */
  const attempt = (work: () => void): void => {
    try {
      if (!isBroken) work();
    } catch (error) {
      broken(error);
    }
  };

  const parser = openParser(contentType);
  parser.on('field', (name: string | undefined, value, _, isCut) =>
    attempt(() => {
      if (name === undefined) throw new Refused(-5999, 'a part has no name');
      if (isCut) throw new Refused(-5999, `${name} is too long`);
      texts.set(name.toLowerCase(), value);
    }),
  );
  parser.on('file', (_, stream) => {
    stream.on('error', broken);
    attempt(() => {
      const place = land(texts);
      const sink = contentSink(place);
      landing = place;
      content = sink.content;
      stream.on('data', (piece: Buffer) => attempt(() => sink.add(piece)));
    });
    stream.resume(); // also what nobody wants is read to its end
  });
  parser.on('finish', isWhole);
  parser.on('error', broken);

  let drained: Promise<void> | undefined;
  return {
    push(chunk) {
      if (isBroken || parser.write(chunk)) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      parser.once('drain', resolve);
      const over = whole.catch(() => undefined); // a broken one drains no more
      drained = Promise.race([promise, over]).then(() => {
        drained = undefined;
      });
    },
    ready() {
      const landed = landing?.ready();
      return drained && landed ? Promise.all([drained, landed]).then(() => undefined) : (drained ?? landed);
    },
    async end() {
      if (!isBroken) parser.end();
      await whole;
      const fields = Object.fromEntries(texts);
      return content ? { fields, content: content() } : { fields };
    },
  };
}

function openParser(contentType: string) {
  try {
    return new busboy.Busboy({
      headers: { 'content-type': contentType },
      // the Java SDK writes fileContent, others filecontent; a file name says nothing
      isPartAFile: (name) => name?.toLowerCase() === 'filecontent',
      limits: { fieldSize: LONGEST_TEXT_BYTES },
    });
  } catch {
    throw new Refused(-5999, 'multipart/form-data without a boundary');
  }
}
