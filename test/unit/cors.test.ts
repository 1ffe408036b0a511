import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { corsLists } from '../../shared/lambda/http/cors.ts';
import { describeApi } from '../../shared/lambda/http/openapi.ts';

const yml = parse(readFileSync(join(import.meta.dirname, '../../serverless.yml'), 'utf8'));

test('what a page of another origin may send and read is what the calls take and answer', () => {
  const { allowedMethods, allowedHeaders, exposedResponseHeaders } = yml.custom.cors.one;

  expect({ methods: allowedMethods, headers: allowedHeaders, exposed: exposedResponseHeaders }).toEqual(
    corsLists(),
  );
});

test('no header of the document is missing in the lists, and no answer hides one it promises', async () => {
  const text = JSON.parse(JSON.stringify(await describeApi()));
  const operations = Object.values(text.paths as Record<string, Record<string, Operation>>).flatMap((path) =>
    Object.values(path),
  );
  const asked = operations.flatMap(({ parameters = [] }) =>
    parameters.filter((each) => each.in === 'header').map(({ name }) => name.toLowerCase()),
  );
  const promised = operations.flatMap(({ responses }) =>
    Object.values(responses).flatMap(({ headers = {} }) => Object.keys(headers)),
  );
  const { headers, exposed } = corsLists();

  expect(new Set(asked).size).toBeGreaterThan(3);
  expect(asked.filter((name) => !headers.includes(name))).toEqual([]);
  expect([...new Set(promised.map((name) => name.toLowerCase()))].sort()).toEqual(exposed);
});

type Operation = {
  readonly parameters?: readonly { readonly in: string; readonly name: string }[];
  readonly responses: Readonly<Record<string, { readonly headers?: object }>>;
};
