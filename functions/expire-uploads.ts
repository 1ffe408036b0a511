import { expireUploads, scheduleInput } from '../shared/api/expire-uploads.ts';
import { lambdaStep } from '../shared/lambda/lambda-step.ts';

export const handler = lambdaStep(scheduleInput, expireUploads);
