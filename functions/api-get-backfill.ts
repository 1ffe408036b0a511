import { showBackfill } from '../shared/api/get-backfill.ts';
import { getBackfill } from '../shared/lambda/http/backfill-calls.ts';
import { httpCall } from '../shared/lambda/http/http-call.ts';

export const handler = httpCall(getBackfill, showBackfill);
