/** What a path looks into: `$` the state's input, `$$` the context object. */
export type Scope = { readonly input: unknown; readonly context: unknown };

/** A payload template with its paths filled in. Throws for what is left out here: intrinsic functions, filters. */
export function fillTemplate(template: unknown, scope: Scope): unknown {
  if (Array.isArray(template)) return template.map((each) => fillTemplate(each, scope));
  if (typeof template !== 'object' || template === null) return template;
  return Object.fromEntries(
    Object.entries(template).map(([name, value]) =>
      name.endsWith('.$') ? [name.slice(0, -2), lookUp(value, scope)] : [name, fillTemplate(value, scope)],
    ),
  );
}

/** The value of a reference path such as `$.a.b` or `$$.Map.Item.Value`. Throws States.ParameterPathFailure. */
export function lookUp(path: unknown, { input, context }: Scope): unknown {
  if (typeof path !== 'string' || !/^\$\$?(\.[A-Za-z_]\w*)*$/.test(path))
    throw failure('States.Runtime', `${String(path)} is no path that the local map knows`);
  const [root = '', ...names] = path.split('.');
  let value: unknown = root === '$$' ? context : input;
  for (const name of names) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name))
      throw failure('States.ParameterPathFailure', `${path} is not there`);
    value = Object.entries(value).find(([known]) => known === name)?.[1];
  }
  return value;
}

/** An error as Step Functions names it. */
export function failure(name: string, message: string): Error {
  const error = new Error(message);
  error.name = name;
  return error;
}
