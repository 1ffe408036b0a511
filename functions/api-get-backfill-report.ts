import { showReport } from '../shared/api/get-backfill-report.ts';
import { getBackfillReport } from '../shared/lambda/http/backfill-calls.ts';
import { httpCall } from '../shared/lambda/http/http-call.ts';

export const handler = httpCall(getBackfillReport, showReport);
