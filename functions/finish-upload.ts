import { lambdaStep } from '../shared/lambda/lambda-step.ts';
import { finishInput, finishUpload } from '../shared/relay/finish-upload.ts';

export const handler = lambdaStep(finishInput, finishUpload);
