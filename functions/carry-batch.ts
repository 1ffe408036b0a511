import { batchState, carryBatch } from '../shared/backfill/carry-batch.ts';
import { lambdaStep } from '../shared/lambda/lambda-step.ts';
import '../shared/s3/s3-source.ts'; // every call reads S3: load it before the first

export const handler = lambdaStep(batchState, carryBatch);
