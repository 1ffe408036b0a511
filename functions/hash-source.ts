import { lambdaStep } from '../shared/lambda/step.ts';
import { hashInput, hashSource } from '../shared/relay/hash-source.ts';
import '../shared/source/s3-source.ts'; // every call reads S3: load it before the first

export const handler = lambdaStep(hashInput, hashSource);
