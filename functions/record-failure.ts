import { lambdaStep } from '../shared/lambda/lambda-step.ts';
import { failureInput, recordFailure } from '../shared/relay/record-failure.ts';

export const handler = lambdaStep(failureInput, recordFailure);
