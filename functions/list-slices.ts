import { lambdaStep } from '../shared/lambda/lambda-step.ts';
import { listInput, listSlices } from '../shared/relay/list-slices.ts';

export const handler = lambdaStep(listInput, listSlices);
