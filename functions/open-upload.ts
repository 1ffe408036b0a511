import { lambdaStep } from '../shared/lambda/lambda-step.ts';
import { openInput, openUpload } from '../shared/relay/open-upload.ts';

export const handler = lambdaStep(openInput, openUpload);
