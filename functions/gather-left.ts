import { gatherLeft } from '../shared/backfill/gather-left.ts';
import { reportInput } from '../shared/backfill/report-backfill.ts';
import { lambdaStep } from '../shared/lambda/lambda-step.ts';

export const handler = lambdaStep(reportInput, gatherLeft);
