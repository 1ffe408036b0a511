import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { RegoEngine, TemplateFile } from '@aws/cloudformation-validate';
import { beforeAll, expect, test } from 'vitest';
import { readDefinition, taskStates } from '../../local/stack/machine.ts';
import { loadConfig } from '../../shared/config.ts';
import { routes } from '../../shared/lambda/http/routes.ts';
import { tableDefinition } from '../../shared/records/table.ts';
import { unpackBundles } from '../kit/bundles.ts';
import { EVERYTHING_SET, type Packaged, packaged, type Resource } from '../kit/package.ts';

const BUNDLE_MAX = 600_000;
const FUNCTIONS = join(import.meta.dirname, '../../functions');
let dev: Packaged;
let prod: Packaged;
beforeAll(async () => {
  dev = await packaged();
  prod = await packaged(EVERYTHING_SET);
}, 120_000);

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

  expect(logs).toHaveLength(functionsOf(dev).length + 2); // the machine's and the API's
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

test('every alarm tells the topic, and its page says what to do', async () => {
  const alarms = Object.entries(dev.resources).filter(([, { Type }]) => Type === 'AWS::CloudWatch::Alarm');
  const page = await readFile(join(FUNCTIONS, '../docs/operations.md'), 'utf8');

  expect(alarms.length).toBeGreaterThanOrEqual(4);
  for (const [name, { Properties }] of alarms) {
    expect(Properties).toMatchObject({ AlarmActions: [{ Ref: 'Alarms' }], TreatMissingData: 'notBreaching' });
    expect(page).toContain(name);
  }
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

test('bundles are small, and hold no AWS SDK', async () => {
  const bundles = await unpackBundles(dev);

  const sizes = new Map<string, number>();
  for (const [name, file] of bundles) {
    const code = await readFile(file, 'utf8');
    sizes.set(name, Buffer.byteLength(code));
    expect(code).not.toContain('AwsJson1_0Protocol');
  }

  expect(sizes.size).toBe(functionsOf(dev).length);
  expect([...sizes].filter(([, size]) => size > BUNDLE_MAX)).toEqual([]);
  for (const [name, file] of bundles) {
    const kB = Math.round((sizes.get(name) ?? 0) / 1_000);
    console.log(`${name.padEnd(22)} ${kB} kB, imported in ${importTime(file)} ms`);
  }
});

/** Without the SDK, which Lambda has loaded already; the machine here is shared, so this is told and not judged. */
function importTime(file: string): string {
  const code = `
    await Promise.all(['client-dynamodb', 'client-s3', 'client-secrets-manager', 'client-sfn', 'lib-dynamodb',
      's3-request-presigner'].map((name) => import('@aws-sdk/' + name)));
    const start = performance.now();
    await import(${JSON.stringify(file)});
    console.log(Math.round(performance.now() - start));`;
  const cwd = join(import.meta.dirname, '../..');
  return execFileSync(process.execPath, ['--input-type=module', '-e', code], {
    cwd,
    encoding: 'utf8',
  }).trim();
}
