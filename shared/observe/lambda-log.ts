import { Logger } from '@aws-lambda-powertools/logger';
import { VERSION } from '../version.ts';
import type { Log } from './observe.ts';

/** Structured logs with the name of the stack and the X-Ray trace of the call beside what a step says. */
export function lambdaLog(logger = new Logger({ persistentKeys: { version: VERSION } })): Log {
  return {
    info: (message, fields = {}) => logger.info(message, { ...fields }),
    warn: (message, fields = {}) => logger.warn(message, { ...fields }),
  };
}
