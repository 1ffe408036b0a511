import { lambdaStep } from '../shared/lambda/lambda-step.ts';
import { hashInput, hashSource } from '../shared/relay/hash-source.ts';

export const handler = lambdaStep(hashInput, hashSource);
