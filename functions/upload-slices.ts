import { lambdaStep } from '../shared/lambda/lambda-step.ts';
import { uploadInput, uploadSlices } from '../shared/relay/upload-slices.ts';
import '../shared/s3/s3-source.ts'; // every call reads S3: load it before the first

export const handler = lambdaStep(uploadInput, uploadSlices);
