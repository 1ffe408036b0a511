import { httpCall } from '../shared/lambda/http-call.ts';
import { finishTransfer } from '../shared/lambda/http-calls.ts';
import { finishClientUpload } from '../shared/relay/finish-client-upload.ts';

export const handler = httpCall(finishTransfer, finishClientUpload);
