import type { IncomingMessage, ServerResponse } from 'node:http';
import { PAGE_HEADERS, type PageFiles } from './page-files.ts';

/** Answers with a file of the page, which needs no key: there is no secret in it. False: it is another path. */
export function answerPage(request: IncomingMessage, response: ServerResponse, files: PageFiles): boolean {
  const path = (request.url ?? '/').split('?')[0] ?? '/';
  const file = request.method === 'GET' ? files.get(path) : undefined;
  if (!file) return false;
  const length = Buffer.byteLength(file.body);
  response.writeHead(200, { ...PAGE_HEADERS, 'content-type': file.type, 'content-length': length });
  response.end(file.body);
  return true;
}
