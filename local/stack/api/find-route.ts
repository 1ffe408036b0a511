import { type Route, routes } from '../../../shared/lambda/http/routes.ts';

export type Found =
  | {
      readonly kind: 'route';
      readonly route: Route;
      readonly path: string;
      readonly query: string;
      readonly parameters: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'other-method'; readonly allow: readonly string[] }
  | { readonly kind: 'none' };

/** Which call a request line means, as API Gateway finds it. */
export function findRoute(method: string, url: string): Found {
  const cut = url.indexOf('?');
  const [path, query] = cut < 0 ? [url, ''] : [url.slice(0, cut), url.slice(cut + 1)];
  const matches = Object.values(routes).flatMap((route: Route) => {
    const parameters = match(route.path, path);
    return parameters ? [{ kind: 'route', route, path, query, parameters } as const] : [];
  });
  if (matches.length === 0) return { kind: 'none' };
  const exact = matches.find(({ route }) => route.method === method);
  return exact ?? { kind: 'other-method', allow: matches.map(({ route }) => route.method) };
}

function match(pattern: string, path: string): Readonly<Record<string, string>> | undefined {
  const [wanted, given] = [pattern.split('/'), path.split('/')];
  if (wanted.length !== given.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [index, segment] of wanted.entries()) {
    const text = given[index] ?? '';
    const name = /^\{(.+)\}$/.exec(segment)?.[1];
    if (name === undefined ? text !== segment : text === '') return undefined;
    if (name !== undefined) parameters[name] = decoded(text);
  }
  return parameters;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // not UTF-8 behind the percent signs: taken as it stands
  }
}
