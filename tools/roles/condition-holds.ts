import * as z from 'zod';

const equals = z.object({ 'Fn::Equals': z.tuple([z.string(), z.string()]) });
const not = z.object({ 'Fn::Not': z.tuple([z.unknown()]) });

/** Whether a condition of the template holds; undefined where that is a matter of parameters, written `<name>`. No condition holds. */
export function conditionHolds(
  name: string | undefined,
  conditions: Readonly<Record<string, unknown>>,
): boolean | undefined {
  return name === undefined ? true : holds(conditions[name]);
}

function holds(written: unknown): boolean | undefined {
  const inner = not.safeParse(written);
  if (inner.success) {
    const other = holds(inner.data['Fn::Not'][0]);
    return other === undefined ? undefined : !other;
  }
  const [left, right] = equals.parse(written)['Fn::Equals'];
  return /^<\w+>$/.test(left) ? undefined : left === right;
}
