import { asError, RelayError } from './errors.ts';

/** What a caller, a record and a log may know of an error. */
export type ToldError = {
  readonly error: string;
  readonly message: string;
  readonly wayOut?: string | undefined;
  readonly cosCode?: number | undefined;
  readonly requestId?: string | undefined;
};

/** Errors of the language: their messages are about our own code. */
const OWN: ReadonlySet<string> = new Set([
  'TypeError',
  'RangeError',
  'ReferenceError',
  'TimeoutError',
  'AbortError',
]);

/**
 * The one place that decides what goes out of an error. Our own say what they were made to say; of any other only its name,
 * because AWS quotes ARNs, COS key ids, and parsers whatever they were given. Secrets that have a shape go out of neither.
 */
export function told(thrown: unknown): ToldError {
  const error = asError(thrown);
  if (error instanceof RelayError) {
    const { message, wayOut, cosCode, requestId } = error;
    const trace = requestId === undefined ? {} : { requestId: withoutSecrets(requestId) };
    return { error: error.name, message: withoutSecrets(message), wayOut, cosCode, ...trace };
  }
  const name = /^[A-Za-z][\w.]{0,63}$/.test(error.name) ? withoutSecrets(error.name) : 'Error';
  const message = OWN.has(name) ? withoutSecrets(error.message) : `${name}${statusOf(error)}`;
  return { error: name, message };
}

const SHAPES: readonly RegExp[] = [
  /arn:aws[\w-]*:[^\s"'<>,;]+/gi,
  /\b(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{12,}\b/g, // ids of AWS
  /\bAKID[A-Za-z0-9]{8,}/g, // ids of Tencent
  /([?&]?(?:X-Amz-[\w-]+|Signature|sign|token|authorization)=)[^\s&"'<>]+/gi,
  /\b(?:Bearer|Basic|AWS4-HMAC-SHA256)\s+[^\s"'<>]+/gi,
  /\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*/g, // JWTs
  /\b(?:FwoG|IQoJ)[A-Za-z0-9+/=]{16,}/g, // session tokens of AWS
];

/** Text without what looks like a key id, a token, an ARN or a signed address. */
export const withoutSecrets = (text: string): string =>
  SHAPES.reduce((clean, shape) => clean.replace(shape, '[withheld]'), text);

function statusOf(error: Error): string {
  if (!('$metadata' in error) || typeof error.$metadata !== 'object' || error.$metadata === null) return '';
  const status = 'httpStatusCode' in error.$metadata ? error.$metadata.httpStatusCode : undefined;
  return typeof status === 'number' ? ` (HTTP ${status})` : '';
}
