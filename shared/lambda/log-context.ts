import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { lambdaLogger } from '../observe/lambda-log.ts';

/** Puts the call's function, request id and cold start beside each line of the log. */
export const withLogContext = () => injectLambdaContext(lambdaLogger());
