import { readFile } from 'node:fs/promises';
import { expect } from 'vitest';

const DOCS = new URL('../../docs/api.md', import.meta.url);

/** A table of docs/api.md that says who may do what, by the line before it: call → whose → what is answered. */
export async function accessTable<Whose extends string>(
  heading: string,
  whose: readonly Whose[],
): Promise<Map<string, Record<Whose, string>>> {
  const text = await readFile(DOCS, 'utf8');
  const [, table = ''] = text.split(`${heading}:\n\n`);
  const cells = (table.split('\n\n')[0] ?? '').split('\n').map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  expect(cells[0]).toEqual(['call', ...whose]);
  return new Map(
    cells
      .slice(2)
      .map(([call = '', ...answers]) => [
        call.replaceAll('`', ''),
        Object.fromEntries(whose.map((one, at) => [one, answers[at]])) as Record<Whose, string>,
      ]),
  );
}

/** What API Gateway tells of a caller who brings a token. */
export const claimsOf = (sub: string) => ({ jwt: { claims: { iss: 'https://issuer.example', sub } } });
