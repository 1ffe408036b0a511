import { reportBackfill, reportInput } from '../shared/backfill/report-backfill.ts';
import { lambdaStep } from '../shared/lambda/lambda-step.ts';

export const handler = lambdaStep(reportInput, reportBackfill);
