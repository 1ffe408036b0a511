import { executionEnded } from '../shared/lambda/execution-ended.ts';

export const handler = executionEnded();
