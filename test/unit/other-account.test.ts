import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { readDeclared } from '../../tools/roles/declared.ts';
import { type Right, rightsOf } from '../../tools/roles/rights.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/deploy.md'), 'utf8');
const section = page.slice(page.indexOf('### A source bucket of another account'), page.indexOf('## 4. '));
const [bucketPolicy, keyStatement] = [...section.matchAll(/^```json\n([\s\S]*?)^```/gm)].map(
  ([, json = '']) => JSON.parse(json),
);

const oneOrMore = z.union([z.string().transform((one) => [one]), z.array(z.string())]);
const statement = z.object({ Action: oneOrMore, Resource: z.string(), Condition: z.unknown() });
const statements = z.object({ Statement: z.array(statement) }).parse(bucketPolicy).Statement;
const relayOnly = {
  ArnLike: { 'aws:PrincipalArn': 'arn:aws:iam::RELAY_ACCOUNT:role/cos-slice-relay-dev-*' },
};

const rights = rightsOf(await readDeclared());
const onBucket = rights.filter(
  ({ service, short }) => service === 's3' && short.some((name) => name.startsWith('<sourceBucket>')),
);
/** `s3:GetObject BUCKET/in/*`, as the page names bucket and prefix. */
const asPage = (asked: readonly Right[]): string[] => {
  const each = asked.flatMap(({ actions, short }) =>
    actions.flatMap((action) =>
      short
        .filter((name) => name.startsWith('<sourceBucket>'))
        .map(
          (name) =>
            `s3:${action} ${name.replace('<sourceBucket>', 'BUCKET').replace('<sourcePrefix>', 'in/')}`,
        ),
    ),
  );
  return [...new Set(each)].sort();
};
const granted = statements.flatMap(({ Action, Resource }) =>
  Action.map((action) => `${action} ${Resource.replace('arn:aws:s3:::', '')}`),
);

test("the bucket policy of another account gives what the functions' roles ask of it, and no more", () => {
  const ofFunctions = onBucket.filter(({ who }) => !who.includes(' '));

  expect(ofFunctions.length).toBeGreaterThan(5);
  expect(granted.sort()).toEqual(asPage(ofFunctions));
  for (const { Condition } of statements) expect(Condition).toEqual(relayOnly);
});

test('beyond it the machine of backfills alone reads lists, and the page says so', () => {
  const beyond = asPage(onBucket).filter((right) => !granted.includes(right));

  expect(beyond).toEqual(['s3:GetObject BUCKET/*', 's3:GetObjectVersion BUCKET/*']);
  expect(section).toContain('needs\n`s3:GetObject` there as well');
});

test('the policy of a key of another account gives what the roles may do with it, through S3 alone', () => {
  const onKey = rights.filter(({ short }) => short.includes('<sourceKeyArn>'));
  const { Action, Condition } = statement.parse(keyStatement);

  expect(new Set(onKey.flatMap(({ actions }) => actions.map((action) => `kms:${action}`)))).toEqual(
    new Set(Action),
  );
  expect(new Set(onKey.map(({ conditions }) => conditions.at(-1)))).toEqual(new Set(['kms:ViaService = s3']));
  expect(Condition).toEqual({
    ...relayOnly,
    StringEquals: { 'kms:ViaService': 's3.REGION.amazonaws.com' },
  });
});
