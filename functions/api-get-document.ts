import { getDocument } from '../shared/lambda/http/calls.ts';
import { httpCall } from '../shared/lambda/http/http-call.ts';
import { describeApi } from '../shared/lambda/http/openapi.ts';

export const handler = httpCall(getDocument, describeApi);
