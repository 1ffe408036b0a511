import { configProblems } from '../shared/config.ts';

export type Problem = { readonly parameter: string; readonly reason: string };

export type Parameters = Readonly<Record<string, string>>;

export type Declared = {
  /** `params` of serverless.yml: `default`, and what a stage changes of it. */
  readonly declared: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** `--param`, as `name=value` each. */
  readonly given: readonly string[];
  readonly stage: string;
};

export type Asked = Declared & {
  readonly region: string;
  /** `provider.environment` as it is written: variable → `${param:name}`. */
  readonly environment: Readonly<Record<string, unknown>>;
  readonly deploying: boolean;
};

/** Needed to deploy; packaging goes without. */
const REQUIRED: Readonly<Record<string, string>> = {
  cosAppId: '1250000000',
  cosBucket: 'bucket',
};

/** What keeps these parameters from working, one line each: by the schema of the configuration, and by what AWS makes of them. */
export function problemsOf(asked: Asked): Problem[] {
  const values = parametersOf(asked);
  const all = [...unknownNames(asked), ...bySchema(asked, values), ...byRules(values, asked.region)];
  return all.filter(({ parameter }, at) => all.findIndex((other) => other.parameter === parameter) === at);
}

/** What holds: the defaults, the stage's, those given. */
export function parametersOf({ declared, given, stage }: Declared): Parameters {
  const values = { ...declared.default, ...declared[stage] };
  return Object.fromEntries([
    ...Object.entries(values).map(([name, value]) => [name, String(value ?? '')]),
    ...given.map(splitParameter),
  ]);
}

/** EventBridge hears of a bucket only in the bucket's own region. `location` as S3 says it: nothing is us-east-1. */
export function regionProblem(
  bucket: string,
  location: string | undefined | null,
  region: string,
): Problem | undefined {
  const its = location === 'EU' ? 'eu-west-1' : location || 'us-east-1';
  if (its === region) return undefined;
  return {
    parameter: 'sourceBucket',
    reason: `${bucket} is in ${its} and the stack in ${region}: its events would never arrive; deploy with --region ${its}`,
  };
}

const splitParameter = (text: string): [name: string, value: string] => {
  const at = text.indexOf('=');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
};

function unknownNames({ declared, given }: Asked): Problem[] {
  const known = new Set(Object.keys(declared.default ?? {}));
  const used = [
    ...given.map((text) => splitParameter(text)[0]),
    ...Object.values(declared).flatMap((of) => Object.keys(of)),
  ];
  return [...new Set(used)]
    .filter((name) => !known.has(name))
    .map((parameter) => ({ parameter, reason: 'is no parameter of serverless.yml' }));
}

/** The functions' own schema, over what the functions will be given. */
function bySchema({ environment, deploying }: Asked, values: Parameters): Problem[] {
  const parameterOf = new Map(
    Object.entries(environment).flatMap(([variable, written]) => {
      const name = /\$\{param:(\w+)\}/.exec(JSON.stringify(written))?.[1];
      return name === undefined ? [] : [[variable, name] as const];
    }),
  );
  const env = Object.fromEntries(
    [...parameterOf].map(([variable, name]) => {
      const value = values[name] ?? '';
      return [variable, value === '' && !deploying ? (REQUIRED[name] ?? '') : value];
    }),
  );
  return configProblems(env).map(({ variable, reason }) => ({
    parameter: parameterOf.get(variable) ?? variable,
    reason,
  }));
}

type Rule = (values: Parameters, region: string) => string | undefined;

/** Characters that a policy of IAM or a pattern of EventBridge reads as something else. */
const PATTERN = /[*?\\]|\$\{/;
const plain =
  (name: string): Rule =>
  ({ [name]: text = '' }) =>
    PATTERN.test(text)
      ? 'holds *, ?, \\ or ${, which IAM and EventBridge read as a pattern: end the prefix before it'
      : undefined;

const oneOf =
  (name: string, ...values: readonly string[]): Rule =>
  ({ [name]: value = '' }) =>
    values.includes(value) ? undefined : `must be one of ${values.join(', ')}`;

const wholeNumber =
  (name: string, least: number, most: number): Rule =>
  ({ [name]: text = '' }) =>
    /^\d+$/.test(text) && Number(text) >= least && Number(text) <= most
      ? undefined
      : `must be a whole number from ${least} to ${most}`;

const key =
  (name: string): Rule =>
  ({ [name]: arn = '' }, region) => {
    if (arn === '') return undefined;
    const its = /^arn:aws[a-z-]*:kms:([a-z0-9-]+):\d{12}:key\/[\w-]+$/.exec(arn)?.[1];
    if (its === undefined) return 'must be the ARN of a KMS key, arn:aws:kms:…:key/…; an alias has no rights';
    return its === region ? undefined : `is a key of ${its}, and the stack is in ${region}`;
  };

const needed =
  (name: string, when: (values: Parameters) => boolean, what: RegExp, reason: string): Rule =>
  (values) =>
    when(values) && !what.test(values[name] ?? '') ? reason : undefined;

const byJwt = ({ apiAuth }: Parameters): boolean => apiAuth === 'jwt';
const byPages = ({ apiCors }: Parameters): boolean => apiCors === 'one';
const always = (): boolean => true;
/** Of CloudWatch Logs. */
const LOG_DAYS = '1 3 5 7 14 30 60 90 120 150 180 365 400 545 731 1096 1827 2192 2557 2922 3288 3653'.split(
  ' ',
);

const RULES: readonly (readonly [parameter: string, rule: Rule])[] = [
  ['sourcePrefix', plain('sourcePrefix')],
  ['sourceSuffix', plain('sourceSuffix')],
  ['receiptsPrefix', plain('receiptsPrefix')],
  [
    'cosSecretName',
    needed(
      'cosSecretName',
      always,
      /^[\w/+=.@-]{1,512}$/,
      'must be the name of a secret in Secrets Manager, not its ARN',
    ),
  ],
  [
    'cosEndpoint',
    needed(
      'cosEndpoint',
      ({ cosEndpoint = '' }) => cosEndpoint !== '',
      /^https:/,
      'must begin with https://: the key signs what is sent, and does not hide it',
    ),
  ],
  ['sourceKeyArn', key('sourceKeyArn')],
  ['secretKeyArn', key('secretKeyArn')],
  ['receiptsKeyArn', key('receiptsKeyArn')],
  ['tableKeyArn', key('tableKeyArn')],
  ['apiAuth', oneOf('apiAuth', 'iam', 'jwt')],
  [
    'jwtIssuer',
    needed('jwtIssuer', byJwt, /^https:\/\/./, 'apiAuth=jwt needs the https:// address of the issuer'),
  ],
  ['jwtAudience', needed('jwtAudience', byJwt, /./, 'apiAuth=jwt needs the audience that tokens must name')],
  ['apiCors', oneOf('apiCors', 'none', 'one')],
  [
    'corsOrigin',
    needed(
      'corsOrigin',
      byPages,
      /^https?:\/\/[^/*\s]+$/,
      'apiCors=one needs one origin, such as https://app.example.com',
    ),
  ],
  [
    'allWorkers',
    ({ allWorkers = '', ...rest }) =>
      allWorkers === '' ? undefined : wholeNumber('allWorkers', 1, 100_000)({ allWorkers, ...rest }, ''),
  ],
  ['arrivals', wholeNumber('arrivals', 2, 1_000)],
  ['apiRate', wholeNumber('apiRate', 1, 10_000)], // what API Gateway gives an account and region; it lets less pass if that is lower
  ['apiBurst', wholeNumber('apiBurst', 1, 5_000)],
  ['logDays', oneOf('logDays', ...LOG_DAYS)],
  ['keepData', oneOf('keepData', 'Delete', 'Retain')],
  ['oldIndex', oneOf('oldIndex', 'drop', 'keep')],
  ['protectTable', oneOf('protectTable', 'true', 'false')],
  [
    'alarmEmail',
    needed(
      'alarmEmail',
      ({ alarmEmail = '' }) => alarmEmail !== '',
      /^[^@\s]+@[^@\s]+$/,
      'must be an address of electronic mail',
    ),
  ],
];

function byRules(values: Parameters, region: string): Problem[] {
  return RULES.flatMap(([parameter, rule]) => {
    const reason = rule(values, region);
    return reason === undefined ? [] : [{ parameter, reason }];
  });
}
