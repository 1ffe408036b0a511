import type { IncomingMessage, ServerResponse } from 'node:http';

const EXPOSED = 'x-cos-request-id, x-cos-detail, date, etag, content-length, content-range, accept-ranges';
const PREFLIGHT_SECONDS = 600;

/** Sets what a browser wants to see on every answer. `origins` are those that may ask; `*` is every one. */
export function allowOrigin(
  request: IncomingMessage,
  response: ServerResponse,
  origins: readonly string[],
): void {
  const { origin } = request.headers;
  if (origin === undefined) return;
  if (origins.includes('*')) response.setHeader('Access-Control-Allow-Origin', '*');
  else {
    response.setHeader('Vary', 'Origin');
    if (!origins.includes(origin)) return;
    response.setHeader('Access-Control-Allow-Origin', origin);
  }
  response.setHeader('Access-Control-Expose-Headers', EXPOSED);
}

export const isPreflight = (request: IncomingMessage): boolean => request.method === 'OPTIONS';

/** Answers a preflight: what the page asked for is allowed, if its origin is. */
export function sendPreflight(request: IncomingMessage, response: ServerResponse): void {
  const asked = request.headers['access-control-request-headers'];
  response.writeHead(204, {
    'Access-Control-Allow-Methods': 'GET, HEAD, POST, OPTIONS',
    'Access-Control-Allow-Headers': asked ?? 'authorization, content-type, range',
    'Access-Control-Max-Age': PREFLIGHT_SECONDS,
    ...(request.headers['access-control-request-private-network'] && {
      'Access-Control-Allow-Private-Network': 'true',
    }),
  });
  response.end();
}
