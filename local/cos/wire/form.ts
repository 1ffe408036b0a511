import type { IncomingMessage } from 'node:http';
import type { Landing } from '../disk/landing.ts';
import type { Bandwidth } from './bandwidth.ts';
import { Refused } from './codes.ts';
import { type Content, contentSink } from './content.ts';
import { multipartReader, type PartSink } from './multipart.ts';

/** What a request says, whether it came as multipart/form-data or as JSON. Field names are in lower case. */
export type Form = {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly content?: Content;
};

export type FormReading = {
  readonly bandwidth: Bandwidth | undefined;
  /** Where file content shall go, by the fields that stood before it. The caller releases it when the request is over. */
  land(before: ReadonlyMap<string, string>): Landing;
};

/** The client went away before its request was whole. */
export class HungUp extends Error {
  override readonly name = 'HungUp';
}

type FormReader = {
  push(chunk: Buffer): void;
  /** To be awaited before more is pushed. */
  ready(): Promise<void> | undefined;
  end(): Form;
};

const LONGEST_TEXT_BYTES = 32 * 1024 * 1024; // uploadparts of the largest file fits many times

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

function multipartForm(contentType: string, land: FormReading['land']): FormReader {
  const texts = new Map<string, () => string>();
  let landing: Landing | undefined;
  let content: (() => Content) | undefined;
  const reader = multipartReader(contentType, (partName) => {
    const name = partName.toLowerCase(); // the Java SDK writes fileContent, others filecontent
    if (name === 'filecontent') {
      landing = land(new Map([...texts].map(([field, text]) => [field, text()])));
      const sink = contentSink(landing);
      content = sink.content;
      return sink.add;
    }
    const gathered = textSink(name);
    texts.set(name, gathered.text);
    return gathered.add;
  });
  return {
    push: reader.push,
    ready: () => landing?.ready(),
    end() {
      reader.end();
      const fields = Object.fromEntries([...texts].map(([name, text]) => [name, text()]));
      return content ? { fields, content: content() } : { fields };
    },
  };
}

function jsonForm(): FormReader {
  const { add, text } = textSink('the body');
  return {
    push: add,
    ready: () => undefined,
    end() {
      const body = text();
      return { fields: body === '' ? {} : jsonFields(body) };
    },
  };
}

function textSink(name: string): { add: PartSink; text(): string } {
  const pieces: Buffer[] = [];
  let length = 0;
  return {
    add(piece) {
      length += piece.length;
      if (length > LONGEST_TEXT_BYTES) throw new Refused(-5999, `${name} is too long`);
      pieces.push(piece);
    },
    text: () => Buffer.concat(pieces, length).toString('utf8'),
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
