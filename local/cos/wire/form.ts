import type { IncomingMessage } from 'node:http';
import { Refused } from './codes.ts';
import { type Form, type FormReader, type FormReading, LONGEST_TEXT_BYTES } from './form-reader.ts';
import { multipartForm } from './multipart.ts';

/** The client went away before its request was whole. */
export class HungUp extends Error {
  override readonly name = 'HungUp';
}

/**
 * Everything but multipart is read as JSON: that is what the Java SDK sends for `upload_slice_list`.
 * A bad request is read to its end too: an answer before that would be lost on a client that still writes.
 */
export function readForm(request: IncomingMessage, { bandwidth, land }: FormReading): Promise<Form> {
  return new Promise((resolve, reject) => {
    let reader: FormReader | undefined;
    let trouble: unknown;
    const attempt = (work: () => void): void => {
      try {
        if (!trouble) work();
      } catch (error) {
        trouble = error;
        reader = undefined; // and what it has gathered
      }
    };
    attempt(() => {
      reader = formReader(request.headers['content-type'] ?? '', land);
    });
    request.on('data', (chunk: Buffer) => {
      attempt(() => reader?.push(chunk));
      const waits = [bandwidth?.pass(chunk.length), reader?.ready()].filter((one) => one !== undefined);
      if (waits.length === 0) return;
      request.pause();
      void Promise.all(waits).then(() => request.resume());
    });
    request.on('end', () => {
      attempt(() => reader && resolve(reader.end()));
      if (trouble) reject(trouble);
    });
    const gone = () => request.readableEnded || reject(new HungUp());
    request.on('close', gone);
    request.on('error', gone);
  });
}

const formReader = (contentType: string, land: FormReading['land']): FormReader =>
  /^multipart\/form-data/i.test(contentType) ? multipartForm(contentType, land) : jsonForm();

function jsonForm(): FormReader {
  const pieces: Buffer[] = [];
  let length = 0;
  return {
    push(piece) {
      length += piece.length;
      if (length > LONGEST_TEXT_BYTES) throw new Refused(-5999, 'the body is too long');
      pieces.push(piece);
    },
    ready: () => undefined,
    end() {
      const body = Buffer.concat(pieces, length).toString('utf8');
      return { fields: body === '' ? {} : jsonFields(body) };
    },
  };
}

function jsonFields(body: string): Record<string, unknown> {
  const value = parsed(body);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Refused(-5999, 'the body is neither multipart/form-data nor a JSON object');
  }
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name.toLowerCase(), one]));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
