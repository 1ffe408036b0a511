import type { ServerResponse } from 'node:http';
import type { Answer } from './codes.ts';

export type Stamp = { readonly requestId: string; readonly now: number };

const PROXY_PAGE =
  '<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>\n';

/** The headers that every reply carries. */
export function stampReply(response: ServerResponse, { requestId, now }: Stamp): void {
  response.sendDate = false;
  response.setHeader('Date', new Date(now).toUTCString());
  response.setHeader('Server', 'tencent-cos');
  response.setHeader('x-cos-request-id', requestId);
}

export function sendAnswer(response: ServerResponse, answer: Answer, stamp: Stamp): void {
  const pieces = head(response, answer, stamp);
  response.cork();
  for (const piece of pieces) response.write(piece);
  response.end();
}

/** The head promises all of the JSON, half of it comes. */
export function sendHalf(response: ServerResponse, answer: Answer, stamp: Stamp): void {
  const body = Buffer.concat(head(response, answer, stamp));
  response.write(body.subarray(0, body.length >> 1), () => response.destroy());
}

/** What a proxy in front of COS says when COS does not. */
export function sendPage(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'Content-Type': 'text/html', 'Content-Length': PROXY_PAGE.length });
  response.end(PROXY_PAGE);
}

/** The socket dies at once: the client sees ECONNRESET. */
export function reset(response: ServerResponse): void {
  response.socket?.resetAndDestroy();
}

/** Waits, but not longer than the client does. Says whether the client is still there. */
export function pause(response: ServerResponse, ms: number): Promise<boolean> {
  if (response.destroyed) return Promise.resolve(false);
  return new Promise((resolve) => {
    const gone = () => {
      clearTimeout(timer);
      resolve(false);
    };
    const timer =
      ms === Infinity
        ? undefined
        : setTimeout(() => {
            response.off('close', gone);
            resolve(true);
          }, ms);
    response.once('close', gone);
  });
}

function head(response: ServerResponse, answer: Answer, stamp: Stamp): Buffer[] {
  const { status, detail } = answer;
  const body = bodyOf(answer, stamp.requestId);
  stampReply(response, stamp);
  if (detail !== undefined) response.setHeader('x-cos-detail', headerText(detail));
  response.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': body.reduce((sum, piece) => sum + piece.length, 0),
  });
  return body;
}

/** In pieces: a list of 131,072 slices is not copied once more. */
function bodyOf({ code, message, data, listparts }: Answer, requestId: string): Buffer[] {
  const body = Buffer.from(JSON.stringify({ code, message, request_id: requestId, ...(data && { data }) }));
  if (!listparts) return [body];
  const ends = body.length - '}}'.length;
  return [body.subarray(0, ends), Buffer.from(',"listparts":'), listparts, body.subarray(ends)];
}

/** What a person reads, in the characters that a header may have. */
const headerText = (detail: string): string => detail.slice(0, 500).replace(/[^\x20-\x7e]/g, '?');
