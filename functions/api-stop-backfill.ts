import { stopBackfill } from '../shared/api/stop-backfill.ts';
import { stopBackfill as call } from '../shared/lambda/http/backfill-calls.ts';
import { httpCall } from '../shared/lambda/http/http-call.ts';

export const handler = httpCall(call, stopBackfill);
