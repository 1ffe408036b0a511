import { finishClientUpload } from '../shared/api/finish-transfer.ts';
import { finishTransfer } from '../shared/lambda/http/calls.ts';
import { httpCall } from '../shared/lambda/http/http-call.ts';

export const handler = httpCall(finishTransfer, finishClientUpload);
