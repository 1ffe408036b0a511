import { showTransfer } from '../shared/api/get-transfer.ts';
import { getTransfer } from '../shared/lambda/http/calls.ts';
import { httpCall } from '../shared/lambda/http/http-call.ts';

export const handler = httpCall(getTransfer, showTransfer);
