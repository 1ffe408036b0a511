import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CollectionTag, parse, type ScalarTag, YAMLMap } from 'yaml';
import * as z from 'zod';
import { UsageError } from '../../local/command.ts';
import { asError } from '../../shared/errors.ts';

const ROOT = join(import.meta.dirname, '../..');

const resource = z.looseObject({
  Type: z.string(),
  Condition: z.string().optional(),
  Properties: z.record(z.string(), z.unknown()).default({}),
});
const template = z.object({
  Resources: z.record(z.string(), resource).default({}),
  Conditions: z.record(z.string(), z.unknown()).default({}),
});
const settings = z.looseObject({
  service: z.string(),
  functions: z.record(z.string(), z.looseObject({ role: z.string() })),
});

export type Resource = z.infer<typeof resource>;
/** What a deployment makes, and which role each function has: from the files as they are written, or from a packaged template. */
export type Declared = {
  readonly resources: Readonly<Record<string, Resource>>;
  readonly conditions: Readonly<Record<string, unknown>>;
  /** Function → the logical id of its role. */
  readonly roles: ReadonlyMap<string, string>;
};

/** serverless.yml and infra/*.yml, with `<name>` for the value of a parameter and `<stage>` for the stage. */
export async function readDeclared(root = ROOT): Promise<Declared> {
  const main = settings.parse(parse(await readFile(join(root, 'serverless.yml'), 'utf8')));
  const files = (await readdir(join(root, 'infra'))).filter((name) => name.endsWith('.yml'));
  const parts = await Promise.all(
    files.map(async (name) => {
      const written: unknown = parse(await readFile(join(root, 'infra', name), 'utf8'), { customTags: TAGS });
      return template.parse(fill(written, main));
    }),
  );
  return {
    resources: Object.assign({}, ...parts.map(({ Resources }) => Resources)),
    conditions: Object.assign({}, ...parts.map(({ Conditions }) => Conditions)),
    roles: new Map(Object.entries(main.functions).map(([name, { role }]) => [name, role])),
  };
}

/** What `serverless package` made. Throws UsageError for a file that is no template of CloudFormation. */
export async function readPackaged(file: string): Promise<Declared> {
  const text = await readFile(file, 'utf8').catch((thrown: unknown) => {
    throw new UsageError(`${file} cannot be read: ${asError(thrown).message}`);
  });
  const read = template.safeParse(jsonOf(text));
  if (!read.success || Object.keys(read.data.Resources).length === 0)
    throw new UsageError(`${file} is no template: name cloudformation-template-update-stack.json`);
  const { Resources, Conditions } = read.data;
  const functions = Object.values(Resources).filter(({ Type }) => Type === 'AWS::Lambda::Function');
  const roles = functions.map(({ Properties }): [string, string] => [
    String(Properties.FunctionName).replace(/^cos-slice-relay-[^-]+-/, ''),
    roleIn.parse(Properties.Role)['Fn::GetAtt'][0],
  ]);
  return { resources: Resources, conditions: Conditions, roles: new Map(roles) };
}

const roleIn = z.object({ 'Fn::GetAtt': z.tuple([z.string(), z.string()]) });

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** CloudFormation's short forms of its functions, in their long form. */
const TAGS = ['Sub', 'If', 'Equals', 'Not', 'Ref', 'GetAtt'].flatMap((name) => {
  const key = name === 'Ref' ? 'Ref' : `Fn::${name}`;
  const ofText = (text: string) => ({ [key]: name === 'GetAtt' ? text.split('.') : text });
  const ofList = (list: unknown) => {
    const map = new YAMLMap();
    map.set(key, list);
    return map;
  };
  const scalar: ScalarTag = { tag: `!${name}`, resolve: ofText };
  const collection: CollectionTag = { tag: `!${name}`, collection: 'seq', resolve: ofList };
  return [scalar, collection];
});

/** The values that the framework puts in, as far as they are known before it runs. */
function fill(value: unknown, main: object): unknown {
  if (Array.isArray(value)) return value.map((each) => fill(each, main));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, fill(each, main)]));
  if (typeof value !== 'string') return value;
  const whole = /^\$\{self:([\w.]+)\}$/.exec(value)?.[1];
  if (whole !== undefined) return fill(setting(whole, main), main);
  return value
    .replace(/\$\{self:([\w.]+)\}/g, (_, path: string) => String(fill(setting(path, main), main)))
    .replace(/\$\{sls:stage\}/g, '<stage>')
    .replace(/\$\{param:(\w+)\}/g, '<$1>');
}

const setting = (path: string, main: object): unknown =>
  path
    .split('.')
    .reduce<unknown>((at, name) => Object.entries(at ?? {}).find(([key]) => key === name)?.[1], main);
