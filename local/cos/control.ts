import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { BadOrder, readFaultOrders } from './fault-orders.ts';
import type { FaultQueue } from './fault-queue.ts';
import type { RequestLog } from './request-log.ts';

export type Controlled = { readonly faults: FaultQueue; readonly log: RequestLog };

const PATH = '/_control/';

export const isControl = (request: IncomingMessage): boolean => request.url?.startsWith(PATH) ?? false;

/**
 * What a tester of clients orders over the wire: `/_control/faults` (GET what waits, POST more, DELETE all) and
 * `/_control/log` (GET as JSON lines, DELETE). A POST must be `application/json`, which a foreign web page cannot send.
 */
export async function serveControl(
  controlled: Controlled,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    await answer(controlled, request, response);
  } catch (error) {
    if (!(error instanceof BadOrder)) return void response.destroy();
    send(response, 400, { error: error.message });
  }
}

async function answer(
  { faults, log }: Controlled,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method, url = '', headers } = request;
  switch (`${method} ${url.slice(PATH.length).replace(/\?.*$/s, '')}`) {
    case 'GET faults':
      return send(response, 200, faults.waiting());
    case 'POST faults': {
      if (!headers['content-type']?.startsWith('application/json'))
        return send(response, 415, { error: 'the content type is not application/json' });
      for (const fault of readFaultOrders(await text(request))) faults.add(fault);
      return send(response, 201, faults.waiting());
    }
    case 'DELETE faults':
      faults.clear();
      return send(response, 200, faults.waiting());
    case 'GET log':
      response.writeHead(200, { 'Content-Type': 'application/jsonl; charset=utf-8' });
      for (const record of log.records) response.write(`${JSON.stringify(record)}\n`);
      return void response.end();
    case 'DELETE log':
      log.clear();
      return send(response, 200, []);
    default:
      return send(response, 404, {
        error: 'the control path has GET, POST and DELETE faults, GET and DELETE log',
      });
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8' });
  response.end(`${JSON.stringify(body)}\n`);
}
