import { batchState, carryBatch } from '../shared/backfill/carry-batch.ts';
import { lambdaStep } from '../shared/lambda/lambda-step.ts';

export const handler = lambdaStep(batchState, carryBatch);
