import { httpCall } from '../shared/lambda/http-call.ts';
import { startTransfer } from '../shared/lambda/http-calls.ts';
import { requestTransfer } from '../shared/relay/request-transfer.ts';

export const handler = httpCall(startTransfer, requestTransfer);
