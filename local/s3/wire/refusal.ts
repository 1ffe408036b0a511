/** An answer that is an S3 error: its code, the status that goes with it, and a sentence for people. */
export type Refusal = {
  readonly kind: 'refused';
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
};

export const refusal = (
  code: keyof typeof STATUS,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Refusal => ({ kind: 'refused', status: STATUS[code], code, message, headers });

const STATUS = {
  AccessDenied: 403,
  InternalError: 500,
  InvalidArgument: 400,
  InvalidBucketName: 400,
  InvalidRange: 416,
  InvalidURI: 400,
  KeyTooLongError: 400,
  NoSuchBucket: 404,
  NoSuchKey: 404,
  NoSuchVersion: 404,
  NotImplemented: 501,
  NotModified: 304,
  PreconditionFailed: 412,
} as const;

/** What the file system said, in S3's words. */
export function refusalOf(error: unknown, key: string): Refusal {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EACCES' || code === 'EPERM') return refusal('AccessDenied', `${key} may not be read`);
  if (typeof code === 'string' && NOT_THERE.has(code)) return refusal('NoSuchKey', `${key} does not exist`);
  return refusal('InternalError', `${key} cannot be read: ${code ?? 'unknown'}`);
}

const NOT_THERE = new Set(['ENOENT', 'ENOTDIR', 'EISDIR', 'ENAMETOOLONG', 'ELOOP']);
