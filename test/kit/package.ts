import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { COMPILED } from './command.ts';

const ROOT = join(import.meta.dirname, '../..');
/** What serverless makes anew in each empty home, at the cost of most of its time: the code that checks serverless.yml. */
export const WARM = { ...COMPILED, SLS_SCHEMA_CACHE_BASE_DIR: join(ROOT, 'node_modules/.cache/serverless') };
const PARTS = ['serverless.yml', 'infra', 'functions', 'shared', 'package.json'];

/** The stage `prod`, with every parameter that changes the template. */
export const EVERYTHING_SET = [
  '--stage=prod',
  ...[
    'cosAppId=1250000000',
    'cosBucket=relay',
    'sourceBucket=photos',
    'sourcePrefix=in/',
    'sourceSuffix=.raw',
  ],
  ...[
    'sourceKeyArn=arn:aws:kms:us-east-1:123456789012:key/k',
    'alarmEmail=alarms@example.com',
    'deletes=mirror',
  ],
  ...['secretKeyArn', 'receiptsKeyArn', 'tableKeyArn'].map(
    (name) => `${name}=arn:aws:kms:us-east-1:123456789012:key/${name.replace('KeyArn', '')}`,
  ),
  ...['allWorkers=100', 'arrivals=4', 'apiRate=7', 'apiBurst=9', 'egressBudgetGbPerDay=1000'],
  ...['receiptsBucket=receipts', 'apiCors=one', 'corsOrigin=https://app.example.com'],
  ...['apiAuth=jwt', 'jwtIssuer=https://issuer.example.com/', 'jwtAudience=relay'],
].map((value) => (value.startsWith('--') ? value : `--param=${value}`));

export type Resource = { readonly Type: string; readonly Properties: Readonly<Record<string, unknown>> };
export type Packaged = {
  /** The folder that `serverless package` filled: the template and one zip a function. */
  readonly dir: string;
  readonly templateFile: string;
  readonly resources: Readonly<Record<string, Resource>>;
};

/**
 * What `serverless package` makes of a copy of the project, with no variable of AWS and an empty home. Sources that did
 * not change are not packaged again.
 */
export async function packaged(
  args: readonly string[] = [],
  edit: (serverlessYml: string) => string = (text) => text,
): Promise<Packaged> {
  const yml = edit(await readFile(join(ROOT, 'serverless.yml'), 'utf8'));
  const dir = join(tmpdir(), `cos-slice-relay-package-${await fingerprint(yml, args)}`);
  if (!(await exists(dir))) await make(dir, yml, args);
  const templateFile = join(dir, 'cloudformation-template-update-stack.json');
  const { Resources } = JSON.parse(await readFile(templateFile, 'utf8'));
  return { dir, templateFile, resources: Resources };
}

/**
 * The template alone, for a stage whose code nobody runs: what is bundled does not depend on the parameters, and takes most of
 * the time.
 */
export const packagedTemplate = (args: readonly string[]): Promise<Packaged> =>
  packaged(args, (text) =>
    text
      .replace('  - serverless-esbuild\n', '')
      .replace('package:\n  individually: true\n', `package:\n  artifact: ${NO_CODE}\n`),
  );

const NO_CODE = 'no-code.zip';
/** A zip without files (APPNOTE.TXT 4.3.16). */
const EMPTY_ZIP = Buffer.from('PK\x05\x06'.padEnd(22, '\0'), 'latin1');

async function make(dir: string, yml: string, args: readonly string[]): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), 'cos-slice-relay-work-'));
  for (const part of PARTS) await cp(join(ROOT, part), join(work, part), { recursive: true });
  await writeFile(join(work, 'serverless.yml'), yml);
  await writeFile(join(work, NO_CODE), EMPTY_ZIP);
  await symlink(join(ROOT, 'node_modules'), join(work, 'node_modules'));
  const home = join(work, 'home');
  await mkdir(home);
  const serverless = join(ROOT, 'node_modules/serverless/bin/serverless.js');
  await promisify(execFile)(
    process.execPath,
    [serverless, 'package', '--package', join(work, 'out'), ...args],
    {
      cwd: work,
      env: { ...WARM, HOME: home, PATH: `${dirname(process.execPath)}:/usr/bin:/bin` },
    },
  );
  await rename(join(work, 'out'), dir).catch((error: unknown) =>
    exists(dir).then((other) => {
      if (!other) throw error; // else another worker was faster
    }),
  );
  await rm(work, { recursive: true, force: true });
}

async function fingerprint(yml: string, args: readonly string[]): Promise<string> {
  const hash = createHash('sha256').update(yml).update(JSON.stringify(args));
  for (const part of [...PARTS, 'package-lock.json'])
    for (const file of await filesOf(join(ROOT, part))) hash.update(file).update(await readFile(file));
  return hash.digest('hex').slice(0, 16);
}

async function filesOf(path: string): Promise<string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true }).catch(() => undefined);
  if (!entries) return [path];
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

const exists = (path: string): Promise<boolean> =>
  readdir(path).then(
    () => true,
    () => false,
  );
