import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { RegoEngine, TemplateFile } from '@aws/cloudformation-validate';
import { beforeAll, expect, test } from 'vitest';
import { functionsIn } from '../../local/stack/backfill-flow.ts';
import { functionOf, readDefinition, taskStates } from '../../local/stack/machine.ts';
import { loadConfig } from '../../shared/config.ts';
import { routes } from '../../shared/lambda/http/routes.ts';
import { tableDefinition } from '../../shared/records/table.ts';
import { type Declared, readDeclared, readPackaged } from '../../tools/roles/declared.ts';
import { rightsOf } from '../../tools/roles/rights.ts';
import { unpackBundles } from '../kit/bundles.ts';
import { EVERYTHING_SET, type Packaged, packaged, packagedTemplate, type Resource } from '../kit/package.ts';

const BUNDLE_MAX = 1_500_000;
const FUNCTIONS = join(import.meta.dirname, '../../functions');
let dev: Packaged;
let prod: Packaged;
beforeAll(async () => {
  dev = await packaged();
  prod = await packagedTemplate(EVERYTHING_SET);
}, 600_000);

const ofType = ({ resources }: Packaged, type: string): Resource[] =>
  Object.values(resources).filter(({ Type }) => Type === type);
const functionsOf = (from: Packaged): Resource[] => ofType(from, 'AWS::Lambda::Function');
const text = (value: unknown): string => JSON.stringify(value);
const property = (resource: Resource | undefined, name: string): unknown => resource?.Properties[name];

test.each([
  ['as it is', () => dev],
  ['with every parameter set', () => prod],
])('the template is valid CloudFormation %s', (_, template) => {
  const engine = new RegoEngine();

  const { diagnostics } = engine.validateStandard(new TemplateFile(template().templateFile));
  engine.free();

  const errors = diagnostics.filter(({ severity }) => severity !== 'INFO' && severity !== 'WARN');
  expect(diagnostics.length).toBeGreaterThan(0);
  expect(errors).toEqual([]);
});

test('parameters that cannot work are refused by name, before anything is made', async () => {
  const nonsense = packaged(['bogus=1', 'workers=100', 'apiAuth=jwt'].map((each) => `--param=${each}`));

  await expect(nonsense).rejects.toMatchObject({
    stdout: expect.stringMatching(
      /bogus: .*\n.*workers: must be from 1 to 40\n.*jwtIssuer: .*\n.*jwtAudience: /,
    ),
  });
});

test('an unknown property in serverless.yml is an error', async () => {
  const misspelt = packaged([], (yml) => yml.replace('memorySize: 640', 'memorySiez: 640'));

  await expect(misspelt).rejects.toMatchObject({ stdout: expect.stringContaining('memorySiez') });
});

test('every file of functions/ is deployed, on arm64 and with a trace', () => {
  const files = readdirSync(FUNCTIONS).filter((name) => name.endsWith('.ts'));

  const deployed = functionsOf(dev);

  expect(deployed.map((each) => property(each, 'Handler')).sort()).toEqual(
    files.map((file) => `functions/${basename(file, '.ts')}.handler`).sort(),
  );
  for (const each of deployed) {
    expect(each.Properties).toMatchObject({
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      TracingConfig: { Mode: 'Active' },
    });
  }
});

test('the environment of every function makes a configuration, without a secret', () => {
  for (const each of functionsOf(prod)) {
    const { Variables } = property(each, 'Environment') as { Variables: Record<string, unknown> };
    const given = Object.entries(Variables).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : 'known-when-deployed',
    ]);

    expect(() => loadConfig(Object.fromEntries(given))).not.toThrow();
    expect(Object.keys(Variables)).not.toContain('COS_SECRET_KEY');
  }
});

test('the table is the one that a laptop makes', () => {
  const table = dev.resources.Table;
  const { TableName: _, ...made } = tableDefinition('any');

  expect(table?.Properties).toMatchObject(made);
  expect(table?.Properties).toMatchObject({
    TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
    PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
  });
});

test('what holds data is protected in prod, and gone with the stack elsewhere', () => {
  expect(property(prod.resources.Table, 'DeletionProtectionEnabled')).toBe(true);
  expect(property(dev.resources.Table, 'DeletionProtectionEnabled')).toBe(false);
  expect(prod.resources.Table).toMatchObject({ DeletionPolicy: 'Retain' });
  expect(prod.resources.SourceBucket).toMatchObject({ DeletionPolicy: 'Retain' });
});

test('a message stays hidden for six times what object-created may take', () => {
  const timeout = Number(property(dev.resources.ObjectDashcreatedLambdaFunction, 'Timeout'));

  expect(Number(property(dev.resources.Events, 'VisibilityTimeout'))).toBeGreaterThanOrEqual(6 * timeout);
  expect(text(property(dev.resources.Events, 'RedrivePolicy'))).toContain('DeadLetters');
  expect(dev.resources.ObjectDashcreatedEventSourceMappingSQSEvents?.Properties).toMatchObject({
    FunctionResponseTypes: ['ReportBatchItemFailures'],
    ScalingConfig: { MaximumConcurrency: 10 },
  });
});

test('deletions are heard of only where they are mirrored', () => {
  const heard = ({ resources }: Packaged) => text(property(resources.ObjectCreatedRule, 'EventPattern'));

  expect(heard(dev)).not.toContain('Object Deleted');
  expect(heard(prod)).toContain('Object Deleted');
});

test('of an existing bucket only the events are used', () => {
  expect(text(property(prod.resources.ObjectCreatedRule, 'EventPattern'))).toContain('"wildcard":"in/*.raw"');
  expect(ofType(prod, 'AWS::S3::BucketPolicy')).toHaveLength(1); // of the bucket that holds the code
  expect(prod.resources.SourceBucket).toMatchObject({ Condition: 'MakesBucket' });
});

test('the machine keeps a log and a trace, and may call its own functions only', async () => {
  expect(dev.resources.Relay?.Properties).toMatchObject({
    StateMachineType: 'STANDARD',
    LoggingConfiguration: { Level: 'ERROR', IncludeExecutionData: false },
    TracingConfiguration: { Enabled: true },
  });

  const rights = text(property(dev.resources.RelayRole, 'Policies'));
  const called = taskStates(await readDefinition());
  expect(rights.match(/:function:/g)).toHaveLength(called.length);
});

test('every log is thrown away some day', () => {
  const logs = ofType(dev, 'AWS::Logs::LogGroup');

  expect(logs).toHaveLength(functionsOf(dev).length + 3); // two machines' and the API's
  for (const log of logs) expect(property(log, 'RetentionInDays')).toBe(14);
});

test.each([
  ['IAM', () => dev, 'AWS_IAM'],
  ['a JWT issuer', () => prod, 'JWT'],
])('every call of the API asks %s', (_, template, type) => {
  const found = ofType(template(), 'AWS::ApiGatewayV2::Route');

  expect(found.map((route) => property(route, 'RouteKey')).sort()).toEqual(
    Object.values(routes)
      .map(({ method, path }) => `${method} ${path}`)
      .sort(),
  );
  for (const route of found) expect(property(route, 'AuthorizationType')).toBe(type);
});

test('pages of other origins may call the API only by configuration', () => {
  expect(property(dev.resources.HttpApi, 'CorsConfiguration')).toBeUndefined();
  expect(property(prod.resources.HttpApi, 'CorsConfiguration')).toMatchObject({
    AllowOrigins: ['https://app.example.com'],
  });
});

test('every alarm tells the topic, and has its paragraph', async () => {
  const alarms = Object.entries(dev.resources).filter(([, { Type }]) => Type === 'AWS::CloudWatch::Alarm');
  const page = await readFile(join(FUNCTIONS, '../docs/operations.md'), 'utf8');

  expect(alarms.length).toBeGreaterThanOrEqual(4);
  for (const [, { Properties }] of alarms) {
    expect(Properties).toMatchObject({ AlarmActions: [{ Ref: 'Alarms' }], TreatMissingData: 'notBreaching' });
    const sums = text(Properties).match(/"Expression":"[^"]*"/g) ?? [];
    for (const sum of sums) expect(sum.replace(/FILL\(\w+, 0\)/g, '')).toMatch(/"Expression":"[ +]*"/);
  }
  const [, paragraphs = ''] = /## Alarms\n([\s\S]*?)\n## /.exec(page) ?? [];
  expect([...paragraphs.matchAll(/^### (\w+)/gm)].map(([, name]) => name).sort()).toEqual(
    alarms.map(([name]) => name).sort(),
  );
});

test('searches of the dashboard quote the namespace, which holds a dash', () => {
  const body = text(property(dev.resources.Dashboard, 'DashboardBody'));
  const searches = [...body.matchAll(/SEARCH\('\{(.{30})/g)].map(([, start = '']) =>
    start.replaceAll('\\', ''),
  );

  expect(searches.length).toBeGreaterThan(0);
  for (const start of searches) expect(start).toMatch(/^"cos-slice-relay",/);
});

test('a wildcard stands only where no name is possible', () => {
  const statements = ofType(prod, 'AWS::IAM::Role').flatMap((role) =>
    (property(role, 'Policies') as { PolicyDocument: { Statement: Statement[] } }[]).flatMap(
      ({ PolicyDocument }) => PolicyDocument.Statement,
    ),
  );

  const wide = statements.filter(({ Resource }) => Resource === '*').flatMap(({ Action }) => Action);
  const actions = statements.flatMap(({ Action }) => Action ?? []);

  expect(
    wide.every((action) => /^xray:|^logs:.*(LogDeliver|ResourcePolic|DescribeLogGroups)/.test(action ?? '')),
  ).toBe(true);
  expect(actions.filter((action) => action.includes('*'))).toEqual([]);
});
type Statement = { readonly Action?: string | string[]; readonly Resource?: unknown };

test('a role that reads the table, the secret or the reports may use their keys', () => {
  for (const [name, role] of Object.entries(prod.resources)) {
    if (role.Type !== 'AWS::IAM::Role') continue;
    const allowed = text(property(role, 'Policies'));
    const keys = [
      ...(allowed.includes('dynamodb:') ? ['key/table'] : []),
      ...(allowed.includes('secretsmanager:') ? ['key/secret'] : []),
      ...(allowed.includes('backfills/*') ? ['key/receipts'] : []),
    ];

    expect([name, keys.filter((key) => !allowed.includes(key))]).toEqual([name, []]);
  }
});

test('bundles are small, and hold the AWS SDK', async () => {
  const bundles = await unpackBundles(dev);

  const sizes = new Map<string, number>();
  for (const [name, file] of bundles) {
    const code = await readFile(file, 'utf8');
    sizes.set(name, Buffer.byteLength(code));
    const outside = [...code.matchAll(/require\("(@aws-sdk|@smithy)\/([^"]+)"\)/g)].map(([, , of]) => of);
    expect([name, outside.filter((of) => of !== OPTIONAL)]).toEqual([name, []]);
    expect([name, code.includes('DynamoDB_20120810')]).toEqual([name, true]); // the client itself
  }

  expect(sizes.size).toBe(functionsOf(dev).length);
  expect([...sizes].filter(([, size]) => size > BUNDLE_MAX)).toEqual([]);
});

/** A signer in native code that the SDK asks for and does without. */
const OPTIONAL = 'signature-v4-crt';

test('every function fails where somebody hears of it', async () => {
  const byMachine = new Set([
    ...taskStates(await readDefinition()).map(functionOf),
    ...functionsIn(await readDefinition('backfill')).map(([, name]) => name),
  ]);
  const byApi = new Set(
    functionsOf(dev)
      .map(nameOf)
      .filter((name) => name.startsWith('api-')),
  );
  const watched = ofType(dev, 'AWS::CloudWatch::Alarm').flatMap(({ Properties }) => text(Properties));

  expect(watched.some((alarm) => alarm.includes('"5xx"'))).toBe(true); // what the API's functions fail in
  for (const each of functionsOf(dev)) {
    const name = nameOf(each);
    if (byApi.has(name) || (byMachine.has(name) && name !== 'record-failure')) continue; // the machine retries, and fails by an alarm
    const logicalId = `${name.replace(/(^|-)(\w)/g, (_, dash, letter) => `${dash && 'Dash'}${dash ? letter : letter.toUpperCase()}`)}LambdaFunction`;
    expect([name, watched.some((alarm) => alarm.includes(logicalId) && alarm.includes('"Errors"'))]).toEqual([
      name,
      true,
    ]);
  }
});
const nameOf = (each: Resource): string =>
  String(property(each, 'FunctionName')).replace(/^cos-slice-relay-[a-z]+-/, '');

test('the end of an execution that cannot be written down is kept', () => {
  const rules = ofType(dev, 'AWS::Events::Rule').filter((rule) => text(rule).includes('aws.states'));
  const asynchronous = ofType(dev, 'AWS::Lambda::EventInvokeConfig');

  expect(rules).toHaveLength(1);
  expect(text(rules)).toContain('"DeadLetterConfig":{"Arn":{"Fn::GetAtt":["UnrecordedEnds","Arn"]}}');
  expect(text(property(dev.resources.UnrecordedEndsPolicy, 'PolicyDocument'))).toContain(
    `rule/${property(rules[0], 'Name')}`,
  );
  expect(text(asynchronous)).toContain('"OnFailure":{"Destination":{"Fn::GetAtt":["UnrecordedEnds","Arn"]}}');
});

test('all workers together and arrivals are capped by parameter', () => {
  const workers = ({ resources }: Packaged) => resources.UploadDashslicesLambdaFunction;

  expect(property(workers(dev), 'ReservedConcurrentExecutions')).toMatchObject({
    'Fn::If': ['CapsWorkers', '', { Ref: 'AWS::NoValue' }],
  });
  expect(property(workers(prod), 'ReservedConcurrentExecutions')).toMatchObject({
    'Fn::If': ['CapsWorkers', '100', expect.anything()],
  });
  expect(prod.resources.ObjectDashcreatedEventSourceMappingSQSEvents?.Properties).toMatchObject({
    ScalingConfig: { MaximumConcurrency: 4 },
  });
});

test('the API takes only so many calls, by parameter', () => {
  const limits = (from: Packaged) =>
    ofType(from, 'AWS::ApiGatewayV2::Stage').map((stage) => property(stage, 'DefaultRouteSettings'));

  expect(limits(dev)).toMatchObject([{ ThrottlingRateLimit: '100', ThrottlingBurstLimit: '200' }]);
  expect(limits(prod)).toMatchObject([{ ThrottlingRateLimit: '7', ThrottlingBurstLimit: '9' }]);
});

test('npm run roles tells of the packaged template what it tells of the files', async () => {
  const told = (from: Declared) =>
    rightsOf(from).map(({ who, service, actions }) => `${who} ${service}:${actions.join(',')}`);

  const packagedRights = told(await readPackaged(prod.templateFile));

  // no schedule is asked for, so its role is not made
  const scheduled = /^BackfillScheduleRole /;
  expect(packagedRights.sort()).toEqual(
    told(await readDeclared())
      .filter((right) => !scheduled.test(right))
      .sort(),
  );
});

test('a key of KMS may be used through its one service only', () => {
  const onKeys = ofType(prod, 'AWS::IAM::Role')
    .flatMap((role) => [
      ...text(property(role, 'Policies')).matchAll(/\{"Effect":"Allow","Action":[^{}]*"kms:[^{}]*\{?[^}]*/g),
    ])
    .map(([statement]) => statement);

  expect(onKeys.length).toBeGreaterThan(20);
  expect(onKeys.filter((statement) => !statement.includes('kms:ViaService'))).toEqual([]);
  expect(text(property(prod.resources.Table, 'SSESpecification'))).toContain('key/table');
});
