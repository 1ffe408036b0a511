import { Refused } from './codes.ts';
import { type Part, readParts } from './multipart.ts';

/** What a request says, whether it came as multipart/form-data or as JSON. Field names are in lower case. */
export type Form = {
  readonly fields: Readonly<Record<string, unknown>>;
  /** A view into the request's body: not to be kept after the answer. */
  readonly content?: Buffer;
};

const LONGEST_TEXT_BYTES = 32 * 1024 * 1024; // uploadparts of the largest file fits many times

/** Everything but multipart is read as JSON: that is what the Java SDK sends for `upload_slice_list`. */
export function readForm(body: Buffer, contentType: string | undefined): Form {
  if (contentType && /^multipart\/form-data/i.test(contentType))
    return fromParts(readParts(body, contentType));
  if (body.length === 0) return { fields: {} };
  return { fields: fromJson(body) };
}

function fromParts(parts: readonly Part[]): Form {
  const fields: Record<string, unknown> = Object.create(null);
  let content: Buffer | undefined;
  for (const part of parts) {
    const name = part.name.toLowerCase(); // the Java SDK writes fileContent, others filecontent
    if (name === 'filecontent') content = part.bytes;
    else if (part.bytes.length > LONGEST_TEXT_BYTES) throw new Refused(-5999, `${name} is too long`);
    else fields[name] = part.bytes.toString('utf8');
  }
  return content ? { fields, content } : { fields };
}

function fromJson(body: Buffer): Record<string, unknown> {
  const value = parsed(body.toString('utf8'));
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
