import * as z from 'zod';
import type { ProblemKind } from './problem-table.ts';
import { readCaller } from './read-caller.ts';
import type { Route } from './routes.ts';

export type BadField = { readonly field: string; readonly message: string };

/** Names every bad field of a request. */
export class BadRequest extends Error {
  override readonly name = 'BadRequest';
  readonly fields: readonly BadField[];
  constructor(fields: readonly BadField[]) {
    super(fields.map(({ field, message }) => `${field}: ${message}`).join('; '));
    this.fields = fields;
  }
}

/** The body is not looked at: too large, or of a type the call does not take. */
export class Unacceptable extends Error {
  override readonly name = 'Unacceptable';
  readonly kind: 'payload-too-large' | 'slice-too-large' | 'unsupported-media-type';
  constructor(kind: Unacceptable['kind'], message: string) {
    super(message);
    this.kind = kind;
  }
}

/** The request as the call's schema reads it. Throws UnknownCaller, BadRequest or Unacceptable. */
export function readRequest<Input>(call: Call<Input>, event: HttpEvent): Input {
  const given = {
    caller: readCaller(event.requestContext.authorizer),
    path: event.pathParameters ?? {},
    query: event.queryStringParameters ?? {},
    headers: lowerCased(event.headers),
    ...(call.takes !== 'nothing' && { body: readBody(call, event) }),
  };
  const read = call.input().safeParse(given);
  if (read.success) return read.data;
  throw new BadRequest(read.error.issues.flatMap((issue) => fieldsOf(issue)));
}

function readBody<Input>(call: Call<Input>, event: HttpEvent): unknown {
  const text = event.body ?? '';
  const length = event.isBase64Encoded ? decodedLength(text) : Buffer.byteLength(text);
  if (length > call.bodyMax) {
    const kind = call.takes === 'bytes' ? 'slice-too-large' : 'payload-too-large';
    throw new Unacceptable(kind, `the body has ${length} bytes; at most ${call.bodyMax} are taken`);
  }
  return call.takes === 'bytes' ? bytes(event, text) : json(event, text);
}

/** What base64 decodes to, without decoding it. */
function decodedLength(base64: string): number {
  const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0;
  return Math.floor((base64.length * 3) / 4) - padding;
}

/** API Gateway hands binary bodies over in base64; as text their bytes would be lost already. */
function bytes(event: HttpEvent, text: string): Uint8Array {
  const type = mediaType(event);
  const isBinary = type === 'application/octet-stream' || type === '';
  if (!isBinary || (text !== '' && !event.isBase64Encoded)) {
    throw new Unacceptable('unsupported-media-type', 'send the slice as application/octet-stream');
  }
  return Buffer.from(text, 'base64');
}

function json(event: HttpEvent, text: string): unknown {
  if (mediaType(event) !== 'application/json') {
    throw new Unacceptable('unsupported-media-type', 'send JSON as application/json');
  }
  try {
    const plain = event.isBase64Encoded ? Buffer.from(text, 'base64').toString() : text;
    return JSON.parse(plain.replace(/^\uFEFF/, '')); // RFC 8259, 8.1: a parser may ignore a byte order mark
  } catch {
    throw new BadRequest([{ field: 'body', message: text === '' ? 'is missing' : 'is not JSON' }]);
  }
}

const mediaType = ({ headers }: HttpEvent): string =>
  (lowerCased(headers)['content-type']?.split(';')[0] ?? '').trim().toLowerCase();

const lowerCased = (headers: HttpEvent['headers']): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

type Issue = z.core.$ZodIssue;

function fieldsOf(issue: Issue, above: readonly PropertyKey[] = []): BadField[] {
  const path = [...above, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      field: [...path, key].join('.'),
      message: 'is not a field of this request',
    }));
  }
  if (issue.code === 'invalid_union') {
    const [closest = []] = [...issue.errors].sort((a, b) => strangeness(a) - strangeness(b));
    if (closest.length > 0) return closest.flatMap((inner) => fieldsOf(inner, path));
  }
  return [{ field: path.join('.') || 'body', message: issue.message }];
}

/** The form that was meant is the one with the fewest fields it does not know, then with the fewest faults. */
const strangeness = (issues: readonly Issue[]): number =>
  issues.reduce(
    (sum, issue) =>
      sum +
      1 +
      (issue.code === 'unrecognized_keys' && issue.path.length === 0 ? 1_000 * issue.keys.length : 0),
    0,
  );

/** One call of the API: how it is asked, and how it answers. The OpenAPI document is made from the same. */
export type Call<Input> = {
  readonly route: Route;
  readonly summary: string;
  /** Made when it is first needed, like the answer, which only the document needs. */
  readonly input: () => z.ZodType<Input>;
  readonly takes: 'nothing' | 'json' | 'bytes';
  /** In bytes, decoded. */
  readonly bodyMax: number;
  readonly status: number;
  readonly answer: () => z.ZodType;
  /** The answer carries an ETag, and is 304 for who has it already. */
  readonly tagged?: boolean;
  readonly problems: readonly ProblemKind[];
};

/** Any call, whatever its input is read as. */
export type AnyCall = Omit<Call<unknown>, 'input'> & { readonly input: () => z.ZodType };

/** Whether the answer says where to look at what was begun. */
export function isLocated({ status, answer }: Pick<Call<unknown>, 'status' | 'answer'>): boolean {
  if (status !== 202) return false;
  const body = answer();
  return body instanceof z.ZodObject && 'links' in body.shape;
}

/** API Gateway's event of an HTTP API, payload 2.0, as far as it is looked at. */
export const httpEvent = z.object({
  headers: z.record(z.string(), z.string()).default({}),
  pathParameters: z.record(z.string(), z.string()).nullish(),
  queryStringParameters: z.record(z.string(), z.string()).nullish(),
  body: z.string().nullish(),
  isBase64Encoded: z.boolean().default(false),
  requestContext: z.object({ authorizer: z.unknown().optional(), requestId: z.string().default('') }),
});

export type HttpEvent = z.infer<typeof httpEvent>;
