import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { S3FaultAct } from './faults.ts';
import type { S3LogEntry } from './request-log.ts';
import { requestIds, xmlError } from './wire/xml.ts';

/** Acts out a fault that comes before the answer. True when there will be none. */
export async function misbehave(
  fault: S3FaultAct | undefined,
  request: IncomingMessage,
  answer: ServerResponse,
  entry: S3LogEntry,
): Promise<boolean> {
  switch (fault?.kind) {
    case 'status': {
      const ids = requestIds();
      const body = xmlError({
        Code: fault.code,
        Message: 'ordered by a fault',
        RequestId: ids['x-amz-request-id'],
      });
      entry.status = fault.status;
      answer.writeHead(fault.status, { ...ids, 'content-type': 'application/xml' });
      answer.end(request.method === 'HEAD' ? undefined : body);
      return true;
    }
    case 'reset':
      request.socket.resetAndDestroy();
      return true;
    case 'stall':
      await (fault.ms === undefined ? once(answer, 'close') : sleep(fault.ms, undefined, { ref: false }));
      request.socket.resetAndDestroy();
      return true;
    case 'delay':
      await sleep(fault.ms, undefined, { ref: false });
      return false;
    case 'truncate': // these two come in the middle of the body
    case 'stall-body':
    case undefined:
      return false;
  }
}
