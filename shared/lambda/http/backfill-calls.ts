import {
  backfillIdInput,
  backfillsInput,
  backfillsView,
  backfillView,
  changeBackfillInput,
  reportInput,
  reportView,
  startBackfillInput,
} from '../../api/backfill-schemas.ts';
import { call, JSON_MAX, NO_BODY, problems } from './declare-call.ts';
import { routes } from './routes.ts';

export const startBackfill = call({
  route: routes.startBackfill,
  summary: 'Carry, plan or check all that a bucket or a list names',
  input: startBackfillInput,
  takes: 'json',
  bodyMax: JSON_MAX,
  status: 202,
  answer: backfillView,
  problems: problems(
    'not-allowed',
    'unknown-backfill',
    'no-report',
    'payload-too-large',
    'unsupported-media-type',
    'idempotency-key-reused',
  ),
});

export const listBackfills = call({
  route: routes.listBackfills,
  summary: 'List backfills, newest first',
  input: backfillsInput,
  ...NO_BODY,
  status: 200,
  answer: backfillsView,
  problems: problems(),
});

export const getBackfill = call({
  route: routes.getBackfill,
  summary: 'Look at one backfill',
  input: backfillIdInput,
  ...NO_BODY,
  status: 200,
  answer: backfillView,
  problems: problems('unknown-backfill'),
});

export const changeBackfill = call({
  route: routes.changeBackfill,
  summary: 'Change how many batches go at once, while it runs',
  input: changeBackfillInput,
  takes: 'json',
  bodyMax: JSON_MAX,
  status: 200,
  answer: backfillView,
  problems: problems(
    'unknown-backfill',
    'read-only',
    'already-over',
    'not-begun',
    'payload-too-large',
    'unsupported-media-type',
  ),
});

export const stopBackfill = call({
  route: routes.stopBackfill,
  summary: 'Stop a backfill',
  input: backfillIdInput,
  ...NO_BODY,
  status: 200,
  answer: backfillView,
  problems: problems('unknown-backfill', 'read-only', 'already-over'),
});

export const getBackfillReport = call({
  route: routes.getBackfillReport,
  summary: 'The summary of a backfill, and what became of each object',
  input: reportInput,
  ...NO_BODY,
  status: 200,
  answer: reportView,
  problems: problems('unknown-backfill', 'no-report', 'source-missing', 'source-unavailable'),
});
