import { lambdaStep } from '../shared/lambda/step.ts';
import { uploadInput, uploadSlices } from '../shared/relay/upload-slices.ts';
import '../shared/source/s3-source.ts'; // every call reads S3: load it before the first

export const handler = lambdaStep(uploadInput, uploadSlices);
