import { cancelOnRequest } from '../shared/api/cancel-transfer.ts';
import { cancelTransfer } from '../shared/lambda/http/calls.ts';
import { httpCall } from '../shared/lambda/http/http-call.ts';

export const handler = httpCall(cancelTransfer, cancelOnRequest);
