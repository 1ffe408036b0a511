import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { problemsOf, regionProblem } from '../../infra/check-parameters.ts';
import { loadConfig } from '../../shared/config.ts';

const yml = parse(readFileSync(join(import.meta.dirname, '../../serverless.yml'), 'utf8'));
const STAGE = 'prod';
const declared = {
  default: { ...yml.params.default, cosSecretName: 'cos-slice-relay/prod' },
  prod: yml.params.prod,
};
const TARGET = ['cosAppId=1250000000', 'cosBucket=media'];

const problems = (given: readonly string[], deploying = true) =>
  problemsOf({
    declared,
    given,
    stage: STAGE,
    region: 'us-east-1',
    environment: yml.provider.environment,
    deploying,
  });

test('a fresh clone packages with no parameter, and deploys with a target alone', () => {
  expect(problems([], false)).toEqual([]);
  expect(problems(TARGET)).toEqual([]);
  expect(problems([])).toEqual([
    { parameter: 'cosAppId', reason: 'is not set' },
    { parameter: 'cosBucket', reason: 'is not set' },
  ]);
});

test.each([
  ['a name nobody knows', ['bogus=1'], 'bogus', /no parameter/],
  ['workers above what a Map runs at once', ['workers=100'], 'workers', /from 1 to 40/],
  ['an integrity that is none', ['integrity=sha256'], 'integrity', /md5/],
  ['a mirror that is none', ['deletes=maybe'], 'deletes', /mirror/],
  ['a slice COS does not take', ['sliceSize=1000'], 'sliceSize', /1048576/],
  ['records that end before an execution may (A9)', ['retentionDays=14'], 'retentionDays', /from 15/],
  ['a JWT without issuer', ['apiAuth=jwt', 'jwtAudience=relay'], 'jwtIssuer', /https/],
  ['a JWT without audience', ['apiAuth=jwt', 'jwtIssuer=https://i.example'], 'jwtAudience', /audience/],
  ['an unknown way of signing in', ['apiAuth=none'], 'apiAuth', /iam, jwt/],
  ['every origin', ['apiCors=one', 'corsOrigin=*'], 'corsOrigin', /one origin/],
  [
    'receipts among the objects',
    ['sourceBucket=b', 'receiptsBucket=b'],
    'receiptsBucket',
    /b\/receipts\/ would be relayed/,
  ],
  [
    'receipts below the prefix of the objects',
    ['sourceBucket=b', 'sourcePrefix=in/', 'receiptsBucket=b', 'receiptsPrefix=in/receipts/'],
    'receiptsBucket',
    /would be relayed/,
  ],
  ['a prefix IAM reads as a pattern', ['sourcePrefix=what?/'], 'sourcePrefix', /pattern/],
  ['a prefix EventBridge reads as a pattern', ['sourcePrefix=a*b/'], 'sourcePrefix', /pattern/],
  ['an escape only EventBridge would read', ['sourceSuffix=\\*'], 'sourceSuffix', /pattern/],
  ['COS in the clear', ['cosEndpoint=http://cos.example'], 'cosEndpoint', /https/],
  ['a secret by its ARN', ['cosSecretName=arn:aws:secretsmanager:x'], 'cosSecretName', /not its ARN/],
  [
    'a key of another region',
    ['tableKeyArn=arn:aws:kms:eu-west-1:123456789012:key/k'],
    'tableKeyArn',
    /eu-west-1.*us-east-1/,
  ],
  ['the alias of a key', ['secretKeyArn=arn:aws:kms:us-east-1:123456789012:alias/k'], 'secretKeyArn', /ARN/],
  ['one call at once', ['arrivals=1'], 'arrivals', /2 to 1000/],
  ['an API that takes no call', ['apiRate=0'], 'apiRate', /1 to 10000/],
  ['a burst above what an account may', ['apiBurst=5001'], 'apiBurst', /1 to 5000/],
  ['no worker at all', ['allWorkers=0'], 'allWorkers', /from 1/],
  ['days CloudWatch does not keep', ['logDays=15'], 'logDays', /14, 30/],
])('%s is refused by name', (_, given, parameter, reason) => {
  expect(problems([...TARGET, ...given])).toEqual([
    { parameter, reason: expect.stringMatching(reason as RegExp) },
  ]);
});

test('receipts beside the objects of the same bucket are no trouble', () => {
  expect(problems([...TARGET, 'sourceBucket=b', 'sourcePrefix=in/', 'receiptsBucket=b'])).toEqual([]);
});

test('every variable of the configuration has a parameter, or is made by the deployment', () => {
  const known = Object.keys(
    loadConfig({ COS_REGION: 'gz', COS_APP_ID: '1', COS_BUCKET: 'b', COS_SECRET_NAME: 's' }),
  );
  const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');
  const named = [...readme.matchAll(/^\| (`[A-Z][^|]*) \|/gm)].flatMap(([, names = '']) =>
    [...names.matchAll(/`([A-Z0-9_]+)`/g)].map(([, name = '']) => name),
  );
  const laptopOnly = ['COS_SECRET_ID', 'COS_SECRET_KEY'];
  const written = Object.keys(yml.provider.environment);

  expect([...new Set([...known, ...named])].filter((name) => !written.includes(name)).sort()).toEqual(
    laptopOnly,
  );
});

test('a bucket of another region is refused with both names', () => {
  expect(regionProblem('photos', undefined, 'us-east-1')).toBeUndefined();
  expect(regionProblem('photos', 'EU', 'eu-west-1')).toBeUndefined();
  expect(regionProblem('photos', 'ap-east-1', 'us-east-1')?.reason).toMatch(/ap-east-1.*us-east-1/);
});
