import { expect, test } from 'vitest';
import { type Route, routes } from '../../shared/lambda/http/routes.ts';
import { apiSuite } from '../kit/api-suite.ts';
import { apiFunctions, offlineBed } from '../kit/offline-bed.ts';

apiSuite('serverless-offline', offlineBed, 'wire');

test('serverless.yml has the routes of the list, each to the function of its name', async () => {
  const served = await apiFunctions();

  const listed = Object.values<Route>(routes).map(({ name, method, path }) => [
    name,
    { handler: `functions/${name}.handler`, events: [{ httpApi: { method, path } }] },
  ]);
  expect(served).toEqual(Object.fromEntries(listed));
});
