import { batchState } from '../shared/backfill/carry-batch.ts';
import { settleBatch } from '../shared/backfill/settle-batch.ts';
import { lambdaStep } from '../shared/lambda/lambda-step.ts';

export const handler = lambdaStep(batchState, settleBatch);
