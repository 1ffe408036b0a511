import { describe, expect, test } from 'vitest';
import { refusal } from '../../shared/cos/call.ts';
import { CosRefused } from '../../shared/errors.ts';
import { problemOf } from '../../shared/lambda/http/answer.ts';
import { withNamedErrors } from '../../shared/lambda/named-errors.ts';
import { reasonOf } from '../../shared/records/end-reason.ts';
import { told } from '../../shared/told-error.ts';

const SECRETS = [
  'arn:aws:sts::123456789012:assumed-role/relay/worker',
  'AKIAIOSFODNN7EXAMPLE',
  'ASIAIOSFODNN7EXAMPLE',
  'AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE',
  'X-Amz-Signature=fe5f80f77d5fa3beca038a248ff027d0445342fe2855ddc963176630326f1024',
  'X-Amz-Security-Token=FwoGZXIvYXdzEBYaDHhBTEMPLESessionToken123',
  'Bearer abcdef0123456789',
  'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl',
];
const target = { region: 'gz', appId: '1', bucket: 'b', path: 'p' };

/** The errors of every edge, each quoting a secret. */
const errors = SECRETS.flatMap((secret) => {
  const aws = Object.assign(new Error(`User: ${secret} is not authorized`), {
    name: 'AccessDeniedException',
    $metadata: { httpStatusCode: 400 },
  });
  const call = { op: 'stat', target, signature: 'multi-effect' } as const;
  const codes = [-48, -47, -71, -99999, -5999];
  const ofCos = codes.map((code) =>
    refusal(call, { code, message: `bad signature of ${secret}`, request_id: `r ${secret}`, status: 403 }),
  );
  const parser = new SyntaxError(`Unexpected token in "${secret}"`);
  const ours = new CosRefused(`refused with ${secret}`, { wayOut: 'look', requestId: secret });
  return [aws, ...ofCos, parser, ours].map((error) => ({ secret, error }));
});

describe('no secret leaves the relay by an error (A6, E5)', () => {
  test.each([
    ['a record', (error: Error) => reasonOf(error)],
    ['a log line', (error: Error) => told(error)],
    ['an HTTP answer', (error: Error) => problemOf(error)],
    ['what Lambda tells Step Functions and its log', (error: Error) => thrownBy(error)],
  ])('%s', (_, output) => {
    for (const { secret, error } of errors) {
      const bare = secret.replace(/^(X-Amz-[\w-]+=|Bearer )/, '');

      expect(JSON.stringify(output(error))).not.toContain(bare);
    }
  });

  test('what is no secret stays: names, codes, sizes, digests', () => {
    const words = `s3://b/k has SHA-1 ${'a1'.repeat(20)} and 5 bytes, COS answered -4016 [request NjE0MTYy_x]`;

    expect(told(new CosRefused(words, { wayOut: 'look' })).message).toBe(words);
  });
});

function thrownBy(error: Error): unknown {
  try {
    // middy's request, of which only the error is read
    withNamedErrors().onError?.({ error } as Parameters<
      NonNullable<ReturnType<typeof withNamedErrors>['onError']>
    >[0]);
    return undefined;
  } catch (thrown) {
    const { name, message, stack, cause } = thrown as Error;
    return { name, message, stack, cause };
  }
}
