import { lambdaStep } from '../shared/lambda/lambda-step.ts';
import { openInput, openUpload } from '../shared/relay/open-upload.ts';
import '../shared/s3/s3-source.ts'; // every call reads S3: load it before the first

export const handler = lambdaStep(openInput, openUpload);
