import { expect, test } from 'vitest';
import { getTransfer, putSlice, startTransfer } from '../../shared/lambda/http/calls.ts';
import { UnknownCaller } from '../../shared/lambda/http/read-caller.ts';
import type { HttpEvent } from '../../shared/lambda/http/read-request.ts';
import { readRequest } from '../../shared/lambda/http/read-request.ts';

const event = (more: Partial<HttpEvent>): HttpEvent => ({
  headers: {},
  isBase64Encoded: false,
  requestContext: { requestId: 'r', authorizer: { iam: { userArn: 'arn:aws:iam::1:user/a' } } },
  ...more,
});
const put = (more: Partial<HttpEvent>) =>
  readRequest(putSlice, event({ pathParameters: { id: 'a', offset: '0' }, ...more })).body;

test('a slice comes in base64; as text its bytes would be lost, so it is refused', () => {
  const headers = { 'Content-Type': 'application/octet-stream' };
  const body = Buffer.from([0, 255, 128]).toString('base64');

  expect([...put({ headers, body, isBase64Encoded: true })]).toEqual([0, 255, 128]);
  expect([...put({ body, isBase64Encoded: true })]).toEqual([0, 255, 128]);
  expect(put({ headers })).toHaveLength(0);
  expect(() => put({ headers, body: 'plain text' })).toThrow('octet-stream');
});

test('a body of exactly 3 MiB is taken, one byte more is refused by the length of its base64', () => {
  const of = (size: number) => put({ body: Buffer.alloc(size).toString('base64'), isBase64Encoded: true });

  for (const less of [0, 1, 2]) expect(of(3_145_728 - less)).toHaveLength(3_145_728 - less);
  for (const more of [1, 2, 3]) expect(() => of(3_145_728 + more)).toThrow('at most 3145728');
});

test('the caller is who API Gateway vouches for, whatever the headers say', () => {
  const json = {
    headers: { 'content-type': 'application/json', caller: 'forged' },
    body: '{"target":{"path":"p"},"size":1}',
  };
  const callerOf = (authorizer: unknown) =>
    readRequest(startTransfer, event({ ...json, requestContext: { requestId: 'r', authorizer } })).caller;

  expect(callerOf({ iam: { userArn: 'arn:aws:iam::1:user/a' } })).toEqual({
    by: 'iam',
    name: 'iam arn:aws:iam::1:user/a',
  });
  const sessions = ['one', 'two@example.com', 'a/b'].map((session) =>
    callerOf({ iam: { userArn: `arn:aws:sts::1:assumed-role/Role/${session}` } }),
  );
  expect(new Set(sessions.map(({ name }) => name))).toEqual(
    new Set(['iam arn:aws:sts::1:assumed-role/Role']),
  );
  const tokens = [
    ['https://a', 'someone'],
    ['https://b', 'someone'],
    ['https://a', 'other'],
  ].map(([iss, sub]) => callerOf({ jwt: { claims: { iss, sub } } }));
  expect(tokens.every(({ by }) => by === 'token')).toBe(true);
  expect(new Set(tokens.map(({ name }) => name)).size).toBe(3);
});

test.each([
  undefined,
  {},
  { iam: { userArn: '' } },
  { jwt: {} },
  { jwt: { claims: { iss: 'https://a' } } },
  { jwt: { claims: { iss: 'https://a', sub: '' } } },
  { jwt: { claims: { sub: 'someone' } } },
])('nobody is %j', (authorizer) => {
  const asked = () =>
    readRequest(
      getTransfer,
      event({ pathParameters: { id: 'a' }, requestContext: { requestId: 'r', authorizer } }),
    );

  expect(asked).toThrow(UnknownCaller);
});
