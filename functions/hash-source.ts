import { lambdaStep } from '../shared/lambda/lambda-step.ts';
import { hashInput, hashSource } from '../shared/relay/hash-source.ts';
import '../shared/s3/s3-source.ts'; // every call reads S3: load it before the first

export const handler = lambdaStep(hashInput, hashSource);
