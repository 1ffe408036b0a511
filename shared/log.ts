import type { Log, LogFields } from './relay/parts.ts';

/** One JSON object a line, as CloudWatch reads it. */
export function jsonLog(write: (line: string) => void = console.log): Log {
  const line =
    (level: string) =>
    (message: string, fields: LogFields = {}) =>
      write(JSON.stringify({ level, message, timestamp: new Date().toISOString(), ...fields }));
  return { info: line('INFO'), warn: line('WARN') };
}

export const silentLog: Log = { info: () => undefined, warn: () => undefined };
