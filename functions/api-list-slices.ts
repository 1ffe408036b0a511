import { httpCall } from '../shared/lambda/http-call.ts';
import { listSlices } from '../shared/lambda/http-calls.ts';
import { showSlices } from '../shared/relay/client-slices.ts';

export const handler = httpCall(listSlices, showSlices);
