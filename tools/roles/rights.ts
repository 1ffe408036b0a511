import * as z from 'zod';
import { conditionHolds } from './condition-holds.ts';
import type { Declared, Resource } from './declared.ts';
import { longName, shortName } from './names.ts';

/** One row: somebody may do these actions of one service on these resources, under all of these conditions. */
export type Right = {
  /** A function, or a role and the service that takes it, or a service that writes to a queue. */
  readonly who: string;
  readonly service: string;
  /** Without the service: `GetItem`. */
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  /** The same as a person names them. */
  readonly short: readonly string[];
  readonly conditions: readonly string[];
};

const oneOrMore = <T extends z.ZodType>(of: T) =>
  z.union([of, z.array(of)]).transform((given) => (Array.isArray(given) ? given : [given]));
const statement = z.strictObject({
  Effect: z.literal('Allow'), // nothing is denied anywhere; what is must be understood here first
  Principal: z.object({ Service: z.string() }).optional(),
  Action: oneOrMore(z.string()),
  Resource: oneOrMore(z.unknown()).default([]),
  Condition: z.record(z.string(), z.record(z.string(), z.unknown())).default({}),
});
const conditional = z
  .object({ 'Fn::If': z.tuple([z.string(), statement, z.unknown()]) })
  .transform(({ 'Fn::If': [when, then] }) => ({ when, ...then }));
const policy = z.object({ Statement: z.array(z.union([conditional, statement])) });
const role = z.object({
  AssumeRolePolicyDocument: policy,
  Policies: z.array(z.object({ PolicyDocument: policy })),
});
const resourcePolicy = z.object({ PolicyDocument: policy });
type Statement = z.infer<typeof policy>['Statement'][number];

/** Who may do what on which resource. What a condition of the template rules out is left out. Throws for what is written in another way. */
export function rightsOf(declared: Declared): Right[] {
  return Object.entries(declared.resources)
    .filter(([, { Condition }]) => conditionHolds(Condition, declared.conditions) !== false)
    .flatMap(([id, made]) => understood(id, () => rightsIn(id, made, declared)))
    .sort((one, other) => rank(one) - rank(other) || one.who.localeCompare(other.who));
}

const rank = ({ who }: Right): number => (who.includes(' ') ? 1 : who.includes('.') ? 2 : 0);

function understood<T>(id: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof z.ZodError)) throw cause;
    throw new Error(`${id} is written in a way that tools/roles does not read`, { cause });
  }
}

function rightsIn(id: string, { Type, Condition, Properties }: Resource, declared: Declared): Right[] {
  const under = Condition === undefined ? [] : [Condition];
  if (Type === 'AWS::IAM::Role') {
    const { AssumeRolePolicyDocument, Policies } = role.parse(Properties);
    const taken = AssumeRolePolicyDocument.Statement.map(({ Principal }) => Principal?.Service.split('.')[0]);
    const users = [...declared.roles].filter(([, its]) => its === id).map(([name]) => name);
    const names = users.length > 0 ? users : [`${id} (${taken.join(', ')})`];
    const statements = Policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
    return names.flatMap((who) => statements.flatMap((each) => rightsFrom(who, each, under, declared)));
  }
  if (!/^AWS::S[QN]S::\w+Policy$/.test(Type)) return []; // the framework's bucket has one too, that only denies
  const { Statement } = resourcePolicy.parse(Properties).PolicyDocument;
  return Statement.flatMap((each) => rightsFrom(each.Principal?.Service ?? '*', each, under, declared));
}

function rightsFrom(
  who: string,
  given: Statement,
  under: readonly string[],
  { conditions: known }: Declared,
): Right[] {
  const when = 'when' in given ? [given.when] : [];
  if (when.some((name) => conditionHolds(name, known) === false)) return [];
  const open = [...under, ...when].filter((name) => conditionHolds(name, known) === undefined);
  const asked = Object.values(given.Condition).flatMap((of) =>
    Object.entries(of).map(([key, value]) => `${key} = ${shortName(value)}`),
  );
  const services = Map.groupBy(given.Action, (action) => action.split(':')[0] ?? '');
  return [...services].map(([service, actions]) => ({
    who,
    service,
    actions: actions.map((action) => action.slice(service.length + 1)),
    resources: given.Resource.map(longName),
    short: given.Resource.map(shortName),
    conditions: [...open.map((name) => `if ${name}`), ...asked],
  }));
}
