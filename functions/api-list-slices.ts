import { showSlices } from '../shared/api/list-transfer-slices.ts';
import { listSlices } from '../shared/lambda/http/calls.ts';
import { httpCall } from '../shared/lambda/http/http-call.ts';

export const handler = httpCall(listSlices, showSlices);
