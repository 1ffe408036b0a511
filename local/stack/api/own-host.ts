import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerProblem } from '../../../shared/lambda/http/answer.ts';

/** What a browser on this machine, or a tunnel to it, calls it. */
const OWN = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Answers a request that was sent to another name than this machine's, and says so. A web page elsewhere can point its own
 * name at 127.0.0.1 (DNS rebinding), and a browser would then take what it gets for that page's own.
 */
export function refuseForeignHost(request: IncomingMessage, response: ServerResponse): boolean {
  if (isOwnHost(request.headers.host)) return false;
  const { statusCode, headers, body } = answerProblem(
    'bad-request',
    'this server answers as localhost or 127.0.0.1 only; open the address that was printed',
  );
  response.writeHead(statusCode, headers).end(body);
  request.resume();
  return true;
}

/** HTTP/1.0 sends no Host, and no browser speaks it. */
const isOwnHost = (host: string | undefined): boolean =>
  host === undefined || OWN.has(host.toLowerCase().replace(/:\d*$/, ''));
