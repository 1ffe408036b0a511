import type { IncomingHttpHeaders } from 'node:http';

export type Validators = {
  /** With its quotes. */
  readonly etag: string;
  readonly modifiedSeconds: number;
};

/** The status that a download's `If-*` headers lead to (RFC 9110, 13.2.2). */
export function checkConditions(headers: IncomingHttpHeaders, file: Validators): 200 | 304 | 412 {
  const match = headers['if-match'];
  const unmodifiedSince = headers['if-unmodified-since'];
  if (match !== undefined && !names(match, file.etag)) return 412;
  if (match === undefined && isAfter(file, unmodifiedSince)) return 412;
  const noneMatch = headers['if-none-match'];
  if (noneMatch !== undefined) return names(noneMatch, file.etag) ? 304 : 200;
  const since = headers['if-modified-since'];
  return since !== undefined && !Number.isNaN(Date.parse(since)) && !isAfter(file, since) ? 304 : 200;
}

/** Whether `If-Range` lets a part be sent: it names the file as it is now. */
export function rangeIsMeant(headers: IncomingHttpHeaders, file: Validators): boolean {
  const condition = headers['if-range'];
  if (typeof condition !== 'string') return true;
  return condition.startsWith('"') ? condition === file.etag : !isAfter(file, condition);
}

const names = (list: string, etag: string): boolean =>
  list.split(',').some((one) => one.trim() === '*' || one.trim().replace(/^W\//, '') === etag);

const isAfter = ({ modifiedSeconds }: Validators, date: string | undefined): boolean =>
  date !== undefined && modifiedSeconds > Math.floor(Date.parse(date) / 1000);
