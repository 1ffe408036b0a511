import { httpCall } from '../shared/lambda/http-call.ts';
import { cancelTransfer } from '../shared/lambda/http-calls.ts';
import { cancelOnRequest } from '../shared/relay/cancel-call.ts';

export const handler = httpCall(cancelTransfer, cancelOnRequest);
