import { showMap } from '../shared/api/get-transfer-map.ts';
import { getTransferMap } from '../shared/lambda/http/calls.ts';
import { httpCall } from '../shared/lambda/http/http-call.ts';

export const handler = httpCall(getTransferMap, showMap);
