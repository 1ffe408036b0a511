import { httpCall } from '../shared/lambda/http-call.ts';
import { getTransfer } from '../shared/lambda/http-calls.ts';
import { showTransfer } from '../shared/relay/show-transfer.ts';

export const handler = httpCall(getTransfer, showTransfer);
