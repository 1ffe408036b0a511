import { showBackfills } from '../shared/api/list-backfills.ts';
import { listBackfills } from '../shared/lambda/http/backfill-calls.ts';
import { httpCall } from '../shared/lambda/http/http-call.ts';

export const handler = httpCall(listBackfills, showBackfills);
