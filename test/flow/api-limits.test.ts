import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ApiBed, apiBed, MIB } from '../kit/api-bed.ts';

type Parameter = {
  readonly in: 'path' | 'query' | 'header';
  readonly name: string;
  readonly schema: {
    readonly type?: string;
    readonly minimum?: number;
    readonly maximum?: number;
    readonly maxLength?: number;
    readonly enum?: readonly string[];
  };
};

let bed: ApiBed;
let id: string;
const parameters: { method: string; path: string; parameter: Parameter }[] = [];
beforeAll(async () => {
  bed = await apiBed();
  const { body } = await bed.call('POST', '/transfers', { json: { target: { path: 'any' }, size: MIB } });
  id = body.id;
  const document = await bed.call('GET', '/openapi.json');
  for (const [path, operations] of Object.entries<Record<string, { parameters?: Parameter[] }>>(
    document.body.paths,
  ))
    for (const [method, operation] of Object.entries(operations))
      for (const parameter of operation.parameters ?? [])
        parameters.push({ method: method.toUpperCase(), path, parameter });
});
afterAll(() => bed.close());

/** Whether the API reads this value of the parameter: it says which fields it does not. */
async function reads(method: string, path: string, { in: where, name }: Parameter, value: string) {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, each: string) =>
    where === 'path' && each === name ? encodeURIComponent(value) : each === 'offset' ? '0' : id,
  );
  const answer = await bed.call(
    method,
    where === 'query' ? `${filled}?${new URLSearchParams({ [name]: value })}` : filled,
    {
      ...(where === 'header' && { headers: { [name]: value } }),
      ...(method === 'PUT' && { bytes: new Uint8Array(1) }),
      ...((method === 'POST' || method === 'PATCH') && { json: {} }),
    },
  );
  const field = `${where === 'header' ? 'headers' : where}.${name}`;
  const { errors = [] } = answer.body ?? {};
  return !(answer.status === 400 && errors.some((error: { field: string }) => error.field === field));
}

test('numbers are read from the least to the most that the document says, and no further', async () => {
  const numbers = parameters.filter(({ parameter }) => parameter.schema.type === 'integer');
  const found: unknown[] = [];
  for (const { method, path, parameter } of numbers) {
    const { minimum = Number.NaN, maximum = Number.NaN } = parameter.schema;
    for (const value of [minimum, maximum, minimum - 1, maximum + 1])
      found.push([path, parameter.name, value, await reads(method, path, parameter, String(value))]);
  }

  expect(numbers.length).toBeGreaterThanOrEqual(6);
  expect(found).toEqual(
    numbers.flatMap(({ path, parameter: { name, schema } }) => [
      [path, name, schema.minimum, true],
      [path, name, schema.maximum, true],
      [path, name, Number(schema.minimum) - 1, false],
      [path, name, Number(schema.maximum) + 1, false],
    ]),
  );
});

test('a text longer than the document says is not read', async () => {
  const bounded = parameters.filter(({ parameter }) => parameter.schema.maxLength !== undefined);
  const tooLong = bounded.map(({ method, path, parameter }) =>
    reads(method, path, parameter, 'a'.repeat(Number(parameter.schema.maxLength) + 1)),
  );

  expect(bounded.length).toBeGreaterThanOrEqual(5);
  expect((await Promise.all(tooLong)).filter((isRead) => isRead)).toEqual([]);
});

test('a truth is true or false, and a state one of those that are listed', async () => {
  const chosen = parameters.filter(({ parameter: { schema } }) => schema.enum || schema.type === 'boolean');
  const found = chosen.map(async ({ method, path, parameter }) => {
    const { enum: values = ['true', 'false'] } = parameter.schema;
    const fine = await Promise.all(values.map((value) => reads(method, path, parameter, value)));
    return fine.every((isRead) => isRead) && !(await reads(method, path, parameter, 'perhaps'));
  });

  expect(chosen.length).toBeGreaterThanOrEqual(2);
  expect((await Promise.all(found)).filter((isRight) => !isRight)).toEqual([]);
});
