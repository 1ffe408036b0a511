import { LogFormatter, Logger, LogItem } from '@aws-lambda-powertools/logger';
import type { LogAttributes, UnformattedAttributes } from '@aws-lambda-powertools/logger/types';
import { VERSION } from '../version.ts';
import type { Log } from './observe.ts';

/** As Powertools formats a line, but without the function's ARN: no log of ours names an account. */
class LinesWithoutArn extends LogFormatter {
  formatAttributes(line: UnformattedAttributes, more: LogAttributes): LogItem {
    const { lambdaContext: call } = line;
    const attributes = {
      level: line.logLevel,
      message: line.message,
      timestamp: this.formatTimestamp(line.timestamp),
      service: line.serviceName,
      cold_start: call?.coldStart,
      function_name: call?.functionName,
      function_request_id: call?.awsRequestId,
      sampling_rate: line.sampleRateValue,
      xray_trace_id: line.xRayTraceId,
    };
    return new LogItem({ attributes }).addAttributes(more);
  }
}

let shared: Logger | undefined;

/** The one logger of a function: the middleware gives it the context of each call, the steps write to it. */
export function lambdaLogger(): Logger {
  shared ??= new Logger({ logFormatter: new LinesWithoutArn(), persistentKeys: { version: VERSION } });
  return shared;
}

/** Structured logs with the name of the stack, the call and its X-Ray trace beside what a step writes. */
export function lambdaLog(logger = lambdaLogger()): Log {
  return {
    info: (message, fields = {}) => logger.info(message, { ...fields }),
    warn: (message, fields = {}) => logger.warn(message, { ...fields }),
  };
}
