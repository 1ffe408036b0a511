import type { Context } from 'aws-lambda';
import { handler as cancelTransfer } from '../../../functions/api-cancel-transfer.ts';
import { handler as changeBackfill } from '../../../functions/api-change-backfill.ts';
import { handler as finishTransfer } from '../../../functions/api-finish-transfer.ts';
import { handler as getBackfill } from '../../../functions/api-get-backfill.ts';
import { handler as getBackfillReport } from '../../../functions/api-get-backfill-report.ts';
import { handler as getDocument } from '../../../functions/api-get-document.ts';
import { handler as getTransfer } from '../../../functions/api-get-transfer.ts';
import { handler as getTransferMap } from '../../../functions/api-get-transfer-map.ts';
import { handler as listBackfills } from '../../../functions/api-list-backfills.ts';
import { handler as listSlices } from '../../../functions/api-list-slices.ts';
import { handler as listTransfers } from '../../../functions/api-list-transfers.ts';
import { handler as putSlice } from '../../../functions/api-put-slice.ts';
import { handler as startBackfill } from '../../../functions/api-start-backfill.ts';
import { handler as startTransfer } from '../../../functions/api-start-transfer.ts';
import { handler as stopBackfill } from '../../../functions/api-stop-backfill.ts';
import type { HttpAnswer } from '../../../shared/lambda/http/answer.ts';

type Handler = (event: unknown, context: Context) => Promise<HttpAnswer>;

/** The functions of the API by their names in serverless.yml. */
export const functionsByName: Readonly<Record<string, Handler>> = {
  'api-start-transfer': startTransfer,
  'api-list-transfers': listTransfers,
  'api-get-transfer': getTransfer,
  'api-get-transfer-map': getTransferMap,
  'api-cancel-transfer': cancelTransfer,
  'api-list-slices': listSlices,
  'api-put-slice': putSlice,
  'api-finish-transfer': finishTransfer,
  'api-change-backfill': changeBackfill,
  'api-get-backfill': getBackfill,
  'api-get-backfill-report': getBackfillReport,
  'api-list-backfills': listBackfills,
  'api-start-backfill': startBackfill,
  'api-stop-backfill': stopBackfill,
  'api-get-document': getDocument,
};
