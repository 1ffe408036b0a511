import { requestTransfer } from '../shared/api/start-transfer.ts';
import { startTransfer } from '../shared/lambda/http/calls.ts';
import { httpCall } from '../shared/lambda/http/http-call.ts';

export const handler = httpCall(startTransfer, requestTransfer);
