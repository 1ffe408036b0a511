import { hash } from 'node:crypto';
import { Sha256 } from '@aws-crypto/sha256-js';
import { HttpRequest } from '@smithy/protocol-http';
import { SignatureV4 } from '@smithy/signature-v4';
import { asError, BadInput } from '../../shared/errors.ts';

type Credentials = ConstructorParameters<typeof SignatureV4>[0]['credentials'];

/** Who the person is to the API: the owner of AWS credentials, or of a token. */
export type Identity =
  | { readonly kind: 'aws'; readonly credentials: Credentials; readonly region: string }
  | { readonly kind: 'token'; readonly token: string };

type Unsigned = {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | undefined;
};

/**
 * The headers of a call, with what proves who makes it: a token, or a signature of this moment
 * (docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html). `host` is left to whoever sends it.
 */
export async function signedHeaders(
  { method, url, headers, body }: Unsigned,
  identity: Identity,
): Promise<Record<string, string>> {
  if (identity.kind === 'token') return { ...headers, authorization: `Bearer ${identity.token}` };
  const { credentials, region } = identity;
  const request = new HttpRequest({
    method,
    protocol: url.protocol,
    hostname: url.hostname,
    ...(url.port !== '' && { port: Number(url.port) }),
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    // said here, so that a slice is hashed by the machine's own SHA-256 and not in JavaScript
    headers: { ...headers, host: url.host, 'x-amz-content-sha256': hash('sha256', body ?? '') },
  });
  const signer = new SignatureV4({ credentials, region, service: 'execute-api', sha256: Sha256 });
  const { host: _, ...signed } = (await signer.sign(request).catch(noCredentials)).headers;
  return signed;
}

/** Of the AWS SDK, where nothing of its chain has credentials, or a sign-in is over. */
const WITHOUT_CREDENTIALS = new Set(['CredentialsProviderError', 'TokenProviderError']);

function noCredentials(thrown: unknown): never {
  const cause = asError(thrown);
  if (!WITHOUT_CREDENTIALS.has(cause.name)) throw cause;
  throw new BadInput(`no AWS credentials to sign with: ${cause.message}`, {
    cause,
    wayOut: 'set AWS_PROFILE, sign in (aws sso login), or bring a token (--token)',
  });
}
