import { putSlice } from '../shared/api/put-slice.ts';
import { putSlice as call } from '../shared/lambda/http/calls.ts';
import { httpCall } from '../shared/lambda/http/http-call.ts';

export const handler = httpCall(call, putSlice);
