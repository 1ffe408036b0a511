export type Route = {
  /** The function of this name in `functions/` answers. */
  readonly name: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** As API Gateway and OpenAPI write it: `{id}` is a parameter. */
  readonly path: string;
};

/** The calls of the HTTP API; serverless.yml, the local server and the OpenAPI document all follow this list. */
export const routes = {
  startTransfer: { name: 'api-start-transfer', method: 'POST', path: '/transfers' },
  listTransfers: { name: 'api-list-transfers', method: 'GET', path: '/transfers' },
  getTransfer: { name: 'api-get-transfer', method: 'GET', path: '/transfers/{id}' },
  getTransferMap: { name: 'api-get-transfer-map', method: 'GET', path: '/transfers/{id}/map' },
  cancelTransfer: { name: 'api-cancel-transfer', method: 'DELETE', path: '/transfers/{id}' },
  listSlices: { name: 'api-list-slices', method: 'GET', path: '/transfers/{id}/slices' },
  putSlice: { name: 'api-put-slice', method: 'PUT', path: '/transfers/{id}/slices/{offset}' },
  finishTransfer: { name: 'api-finish-transfer', method: 'POST', path: '/transfers/{id}/finish' },
  startBackfill: { name: 'api-start-backfill', method: 'POST', path: '/backfills' },
  listBackfills: { name: 'api-list-backfills', method: 'GET', path: '/backfills' },
  getBackfill: { name: 'api-get-backfill', method: 'GET', path: '/backfills/{id}' },
  changeBackfill: { name: 'api-change-backfill', method: 'PATCH', path: '/backfills/{id}' },
  stopBackfill: { name: 'api-stop-backfill', method: 'DELETE', path: '/backfills/{id}' },
  getBackfillReport: { name: 'api-get-backfill-report', method: 'GET', path: '/backfills/{id}/report' },
  getDocument: { name: 'api-get-document', method: 'GET', path: '/openapi.json' },
} as const satisfies Readonly<Record<string, Route>>;
