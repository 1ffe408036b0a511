import { httpCall } from '../shared/lambda/http-call.ts';
import { putSlice as call } from '../shared/lambda/http-calls.ts';
import { putSlice } from '../shared/relay/put-slice.ts';

export const handler = httpCall(call, putSlice);
