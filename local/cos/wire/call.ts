import type { IncomingMessage } from 'node:http';
import { type Address, readAddress } from './address.ts';
import { Refused } from './codes.ts';
import type { Form } from './form-reader.ts';

/** One request, read: what it asks for and with which fields. */
export type Call = {
  readonly op: string;
  readonly address: Address;
  readonly form: Form;
  readonly authorization: string | undefined;
};

/**
 * GET without `op` is a download; everything else names its operation. Fields may stand in the query as well as in the body:
 * the Python SDK moves and copies with an empty body.
 */
export function readCall(request: IncomingMessage, sent: Form): Call {
  const address = readAddress(request.url ?? '/', request.headers.host);
  const inQuery = [...address.query].map(([name, value]) => [name.toLowerCase(), value] as const);
  const form = { ...sent, fields: { ...Object.fromEntries(inQuery), ...sent.fields } };
  return {
    op: opOf(request, form, address),
    address,
    form,
    authorization: authorizationOf(request, address),
  };
}

/** The slice this call is about, if it says so. */
export function offsetOf({ form }: Call): number | undefined {
  const offset = form.fields.offset;
  return offset === undefined || offset === '' ? undefined : Number(offset);
}

export const sessionOf = ({ form }: Call): string | undefined =>
  typeof form.fields.session === 'string' ? form.fields.session : undefined;

function opOf(request: IncomingMessage, form: Form, address: Address): string {
  const op = address.host === 'api' ? form.fields.op : undefined;
  if (typeof op === 'string' && op !== '') return op;
  if (request.method === 'GET' || request.method === 'HEAD') return 'download';
  throw new Refused(-5999, address.host === 'api' ? 'op is missing' : 'this host serves downloads only');
}

/** The header; browsers' SDKs put the same text into the query as `sign`. */
function authorizationOf(request: IncomingMessage, { query }: Address): string | undefined {
  return request.headers.authorization ?? query.get('sign')?.replaceAll(' ', '+') ?? undefined;
}
