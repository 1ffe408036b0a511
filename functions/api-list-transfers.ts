import { httpCall } from '../shared/lambda/http-call.ts';
import { listTransfers } from '../shared/lambda/http-calls.ts';
import { showTransfers } from '../shared/relay/show-transfers.ts';

export const handler = httpCall(listTransfers, showTransfers);
