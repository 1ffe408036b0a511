import { requestBackfill } from '../shared/api/start-backfill.ts';
import { startBackfill } from '../shared/lambda/http/backfill-calls.ts';
import { httpCall } from '../shared/lambda/http/http-call.ts';

export const handler = httpCall(startBackfill, requestBackfill);
