/**
 * What a code of S3 asks for.
 * - retry: the trouble passes
 * - resign: sign anew, with fresh credentials and S3's clock; the same again after that is a denial
 * - changed: the object is another version by now
 * - absent: the key holds nothing; missing: what was named cannot be there
 * - archived, denied, moved: it would be the same again
 */
type CodeRemedy = 'retry' | 'resign' | 'changed' | 'absent' | 'missing' | 'archived' | 'denied' | 'moved';

export type S3Meaning = { readonly meaning: string; readonly remedy: CodeRemedy; readonly wayOut: string };

const LATER = 'try again later; what COS holds is kept and is not sent again';
const NAMES = 'check bucket, key and version';
const KMS = 'check the KMS key of the object: it must be enabled, and the role needs kms:Decrypt';
const KEYS = 'check the credentials of the role, and that it may still be assumed';

const passes = (meaning: string): S3Meaning => ({ meaning, remedy: 'retry', wayOut: LATER });
const denies = (meaning: string, wayOut: string): S3Meaning => ({ meaning, remedy: 'denied', wayOut });
const resigns = (meaning: string, wayOut: string): S3Meaning => ({ meaning, remedy: 'resign', wayOut });
const misses = (meaning: string): S3Meaning => ({ meaning, remedy: 'missing', wayOut: NAMES });
const isElsewhere: S3Meaning = {
  meaning: 'the bucket is in another region',
  remedy: 'moved',
  wayOut: 'run the relay in the region of the bucket',
};

/** Every code that a reader of objects meets. (Amazon S3 API Reference, "Error responses".) Only these are ever repeated. */
const CODES: ReadonlyMap<string, S3Meaning> = new Map(
  Object.entries({
    NoSuchKey: { meaning: 'the object does not exist', remedy: 'absent', wayOut: NAMES },
    NoSuchVersion: { meaning: 'the version does not exist', remedy: 'absent', wayOut: NAMES },
    NotFound: { meaning: 'the object does not exist', remedy: 'absent', wayOut: NAMES },
    NoSuchBucket: misses('the bucket does not exist'),
    MethodNotAllowed: misses('the version is the marker of a deletion'),
    InvalidBucketName: misses('no bucket can have this name'),
    InvalidArgument: misses('an argument is not valid, perhaps the version'),
    InvalidURI: misses('the key is not valid'),
    KeyTooLongError: misses('the key is too long'),
    InvalidRequest: misses('the object cannot be read so, perhaps for a key of its own (SSE-C)'),
    PreconditionFailed: { meaning: 'another version', remedy: 'changed', wayOut: 'relay the new version' },
    InvalidRange: { meaning: 'another size', remedy: 'changed', wayOut: 'relay the new version' },
    InvalidObjectState: {
      meaning: 'the object is archived',
      remedy: 'archived',
      wayOut: 'restore the object',
    },
    AccessDenied: denies('it may not be read, or does not exist', 'check that the role may read it'),
    Forbidden: denies('it may not be read, or does not exist', 'check that the role may read it'),
    AllAccessDisabled: denies('all access is disabled', 'ask the owner of the bucket'),
    AccountProblem: denies('the account of the bucket is in trouble', 'ask the owner of the bucket'),
    NotSignedUp: denies('the account has no S3', 'ask the owner of the account'),
    UnauthorizedAccess: denies('the region is closed to this account', 'ask the owner of the account'),
    'KMS.AccessDeniedException': denies('its KMS key may not be used', KMS),
    'KMS.DisabledException': denies('its KMS key is disabled', KMS),
    'KMS.NotFoundException': denies('its KMS key does not exist', KMS),
    'KMS.KMSInvalidStateException': denies('its KMS key is in no state to be used', KMS),
    'KMS.InvalidKeyUsageException': denies('its KMS key is of another kind', KMS),
    'KMS.ThrottlingException': passes('KMS asks for fewer requests'),
    ExpiredToken: resigns('the temporary credentials are over', KEYS),
    TokenRefreshRequired: resigns('the temporary credentials are over', KEYS),
    InvalidToken: resigns('the temporary credentials are not valid', KEYS),
    InvalidAccessKeyId: resigns('the access key does not exist', KEYS),
    InvalidSecurity: resigns('the credentials are not valid', KEYS),
    SignatureDoesNotMatch: resigns('the signature is wrong', 'check the secret key, and proxies on the way'),
    RequestTimeTooSkewed: resigns("this machine's clock is wrong", "set this machine's clock"),
    RequestExpired: resigns(
      "the address is over, or this machine's clock is wrong",
      "set this machine's clock",
    ),
    PermanentRedirect: isElsewhere,
    AuthorizationHeaderMalformed: isElsewhere,
    AuthorizationQueryParametersError: isElsewhere,
    IllegalLocationConstraintException: isElsewhere,
    TemporaryRedirect: passes('the bucket is being made or moved'),
    Redirect: passes('the bucket is being made or moved'),
    SlowDown: passes('too many requests'),
    Throttling: passes('too many requests'),
    ThrottlingException: passes('too many requests'),
    RequestLimitExceeded: passes('too many requests'),
    Busy: passes('too many requests'),
    InternalError: passes('S3 is in trouble'),
    ServiceUnavailable: passes('S3 is in trouble'),
    OperationAborted: passes('something else is being done to the object'),
    ConditionalRequestConflict: passes('something else is being done to the object'),
    RequestTimeout: passes('the request took too long to arrive'),
    RequestTimeoutException: passes('the request took too long to arrive'),
    IncompleteBody: passes('the request was cut off'),
  } satisfies Record<string, S3Meaning>),
);

/** Undefined for a code that this relay does not know: it is not repeated then. */
export const meaningOfS3 = (code: string): S3Meaning | undefined => CODES.get(code);

/** All codes with their meanings, for documents and tests. */
export const knownS3Codes = (): ReadonlyMap<string, S3Meaning> => CODES;

/** What an answer without any body stands for: to HEAD, S3 gives no more than the status. */
const BARE: ReadonlyMap<number, string> = new Map([
  [301, 'PermanentRedirect'],
  [307, 'TemporaryRedirect'],
  [404, 'NotFound'],
  [405, 'MethodNotAllowed'],
  [412, 'PreconditionFailed'],
  [416, 'InvalidRange'],
]);

/**
 * The code in the body of an error, or what the status of a bare answer stands for. Nothing else of the body is looked
 * at but two marks that S3 puts into the message of an AccessDenied. Undefined: this is no error of S3's.
 */
export function s3CodeOf(status: number, body: string): string | undefined {
  if (body.trim() === '') return BARE.get(status);
  const code = /<Error\b[^>]*>[\s\S]*?<Code>\s*([A-Za-z0-9.]{1,64})\s*<\/Code>/.exec(body)?.[1];
  if (code !== 'AccessDenied') return code;
  if (/\bkms:[A-Z]/.test(body)) return 'KMS.AccessDeniedException';
  return body.includes('Request has expired') ? 'RequestExpired' : code;
}
