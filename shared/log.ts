import type { Log } from './relay/parts.ts';

export const silentLog: Log = { info: () => undefined, warn: () => undefined };
