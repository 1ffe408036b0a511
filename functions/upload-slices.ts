import { lambdaStep } from '../shared/lambda/lambda-step.ts';
import { uploadInput, uploadSlices } from '../shared/relay/upload-slices.ts';

export const handler = lambdaStep(uploadInput, uploadSlices);
