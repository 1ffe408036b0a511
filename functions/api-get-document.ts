import { httpCall } from '../shared/lambda/http-call.ts';
import { getDocument } from '../shared/lambda/http-calls.ts';
import { describeApi } from '../shared/lambda/http-document.ts';

export const handler = httpCall(getDocument, describeApi);
