import * as z from 'zod';

const ref = z.object({ Ref: z.string() }).transform(({ Ref }) => Ref);
const attribute = z
  .object({ 'Fn::GetAtt': z.tuple([z.string(), z.string()]) })
  .transform(({ 'Fn::GetAtt': [id, name] }) => `${id}.${name}`);
const choice = z.object({ 'Fn::If': z.tuple([z.string(), z.unknown(), z.unknown()]) });
const text = z.object({
  'Fn::Sub': z.union([z.string(), z.tuple([z.string(), z.record(z.string(), z.unknown())])]),
});

/**
 * A resource as one text, with CloudFormation's own `${…}` left in. Of two, the one that a parameter names is told; the one
 * that the stack makes stands where that parameter is empty.
 */
export function longName(written: unknown): string {
  if (typeof written === 'string') return written;
  const chosen = choice.safeParse(written);
  if (chosen.success) {
    const [, made, named] = chosen.data['Fn::If'];
    return longName(named) || longName(made);
  }
  const filled = text.safeParse(written);
  if (!filled.success) return z.union([ref, attribute]).parse(written);
  const given = filled.data['Fn::Sub'];
  const [pattern, values] = typeof given === 'string' ? [given, {}] : given;
  return pattern.replace(/\$\{(\w+)\}/g, (whole, name: string) => {
    const value = Object.entries(values).find(([key]) => key === name)?.[1];
    return value === undefined ? whole : longName(value);
  });
}

/** Without what all have in common: partition, region, account, the name of the stack (`…`), and the `.Arn` of what is in it. */
export const shortName = (written: unknown): string =>
  longName(written)
    .replace(/^arn:[^:]*(?:::[^:]*)?:\w+:(?:\$\{AWS::Region\}|[\w-]*):(?:\$\{AWS::AccountId\}|\d*):/, '')
    .replace(/cos-slice-relay-(<stage>|\w+)/, '…')
    .replace(/\.\$\{AWS::Region\}\.amazonaws\.com/g, '')
    .replace(/^\$\{AWS::AccountId\}|^AWS::AccountId$/, 'this account')
    .replace(/^\$\{(\w+)\.Arn\}/, '$1')
    .replace(/^(\w+)\.Arn$/, '$1');
