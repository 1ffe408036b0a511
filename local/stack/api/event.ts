import type { IncomingMessage } from 'node:http';
import type { Found } from './find-route.ts';

type Matched = Extract<Found, { kind: 'route' }>;

/** What an authorizer of API Gateway puts into the event. */
export type Authorizer =
  | { readonly iam: { readonly userArn: string } }
  | { readonly jwt: { readonly claims: Readonly<Record<string, string>> } };

export type Received = {
  readonly request: IncomingMessage;
  readonly body: Buffer;
  readonly authorizer: Authorizer;
};

/** What API Gateway hands to a function (HTTP API, payload 2.0). Bodies that are not text are in base64. */
export function toEvent({ request, body, authorizer }: Received, found: Matched): object {
  const headers = oneEach(request.headers);
  const isText = /^(text\/|application\/(json|javascript|xml))/i.test(headers['content-type'] ?? '');
  const query = Object.fromEntries(grouped(new URLSearchParams(found.query)));
  const { method, path } = found.route;
  return {
    version: '2.0',
    routeKey: `${method} ${path}`,
    rawPath: found.path,
    rawQueryString: found.query,
    headers,
    ...(found.query !== '' && { queryStringParameters: query }),
    ...(Object.keys(found.parameters).length > 0 && { pathParameters: found.parameters }),
    requestContext: {
      authorizer,
      stage: '$default',
      requestId: crypto.randomUUID(),
      routeKey: `${method} ${path}`,
      http: { method, path: found.path, protocol: 'HTTP/1.1', sourceIp: request.socket.remoteAddress },
      timeEpoch: Date.now(),
    },
    ...(body.length > 0 && { body: body.toString(isText ? 'utf8' : 'base64') }),
    isBase64Encoded: body.length > 0 && !isText,
  };
}

/** A name that comes twice has its values joined by commas. */
function oneEach(headers: IncomingMessage['headers']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(',') : (value ?? ''),
    ]),
  );
}

function grouped(query: URLSearchParams): Map<string, string> {
  const joined = new Map<string, string>();
  for (const [name, value] of query) {
    const before = joined.get(name);
    joined.set(name, before === undefined ? value : `${before},${value}`);
  }
  return joined;
}
