import * as z from 'zod';
import { SLICE_MAX } from '../../api/fields.ts';
import { mapInput, mapView } from '../../api/map-schemas.ts';
import {
  cancelInput,
  idInput,
  pageInput,
  putInput,
  slicesInput,
  startInput,
} from '../../api/request-schemas.ts';
import { pageView, receiptView, slicesView, sliceView, transferView } from '../../api/views.ts';
import { whenUsed } from '../../when-used.ts';
import { call, JSON_MAX, NO_BODY, problems } from './declare-call.ts';
import { routes } from './routes.ts';

const COS = ['too-many-requests', 'cos-refused', 'cos-unavailable'] as const;
const OPENING = [
  'target-busy',
  'target-exists',
  'foreign-upload',
  'session-lost',
  'not-identical',
  'no-progress',
] as const;

export const startTransfer = call({
  route: routes.startTransfer,
  summary: 'Relay an object of S3, or open an upload whose slices the client sends',
  input: startInput,
  takes: 'json',
  bodyMax: JSON_MAX,
  status: 202,
  answer: transferView,
  problems: problems(
    'not-allowed',
    'payload-too-large',
    'unsupported-media-type',
    'source-missing',
    'source-archived',
    'too-large',
    'source-changed',
    'source-unavailable',
    'idempotency-key-reused',
    'budget-used-up',
    ...OPENING,
    ...COS,
  ),
});

export const listTransfers = call({
  route: routes.listTransfers,
  summary: 'List transfers, newest first',
  input: pageInput,
  ...NO_BODY,
  status: 200,
  answer: pageView,
  problems: problems(),
});

export const getTransfer = call({
  route: routes.getTransfer,
  summary: 'Look at one transfer',
  input: idInput,
  ...NO_BODY,
  status: 200,
  answer: transferView,
  problems: problems('unknown-transfer'),
});

export const getTransferMap = call({
  route: routes.getTransferMap,
  summary: 'See which slices were held before, sent or damaged, as far as it was written down',
  input: mapInput,
  ...NO_BODY,
  status: 200,
  tagged: true,
  answer: mapView,
  problems: problems('unknown-transfer'),
});

export const cancelTransfer = call({
  route: routes.cancelTransfer,
  summary: 'Cancel a transfer',
  input: cancelInput,
  ...NO_BODY,
  status: 200,
  answer: transferView,
  problems: problems('unknown-transfer', 'read-only', 'already-over', 'target-busy', ...COS),
});

export const listSlices = call({
  route: routes.listSlices,
  summary: 'Ask COS which slices it holds, and which are missing',
  input: slicesInput,
  ...NO_BODY,
  status: 200,
  answer: slicesView,
  problems: problems('unknown-transfer', 'already-over', 'not-open', ...OPENING, ...COS),
});

export const putSlice = call({
  route: routes.putSlice,
  summary: 'Send one slice; sending it again does no harm',
  input: putInput,
  takes: 'bytes',
  bodyMax: SLICE_MAX,
  status: 200,
  answer: sliceView,
  problems: problems(
    'unknown-transfer',
    'read-only',
    'already-over',
    'not-open',
    'not-client-driven',
    'session-lost',
    'slice-too-large',
    'unsupported-media-type',
    'payload-too-large',
    'slice-differs',
    'slice-busy',
    'no-such-slice',
    'slice-length',
    'digest-mismatch',
    'slice-corrupt',
    ...COS,
  ),
});

export const finishTransfer = call({
  route: routes.finishTransfer,
  summary: 'Close the upload and prove it',
  input: idInput,
  ...NO_BODY,
  status: 200,
  answer: receiptView,
  problems: problems(
    'unknown-transfer',
    'read-only',
    'already-over',
    'not-open',
    'not-client-driven',
    'slices-missing',
    'target-busy',
    'session-lost',
    'not-identical',
    ...COS,
  ),
});

export const getDocument = call({
  route: routes.getDocument,
  summary: 'This document',
  input: whenUsed(() => z.object({})),
  ...NO_BODY,
  status: 200,
  answer: whenUsed(() => z.looseObject({ openapi: z.string() }).meta({ description: 'OpenAPI 3.1' })),
  problems: problems(),
});
