import { showTransfers } from '../shared/api/list-transfers.ts';
import { listTransfers } from '../shared/lambda/http/calls.ts';
import { httpCall } from '../shared/lambda/http/http-call.ts';

export const handler = httpCall(listTransfers, showTransfers);
