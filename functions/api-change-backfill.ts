import { changeBackfill } from '../shared/api/change-backfill.ts';
import { changeBackfill as call } from '../shared/lambda/http/backfill-calls.ts';
import { httpCall } from '../shared/lambda/http/http-call.ts';

export const handler = httpCall(call, changeBackfill);
