import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { expect } from 'vitest';
import { routes } from '../../shared/lambda/http/routes.ts';

export type Answered = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  // biome-ignore lint/suspicious/noExplicitAny: its shape is what the document is asked about
  readonly body: any;
};

/** Holds answers to the OpenAPI document: the status is listed, the type of content too, the body fits its schema. */
// biome-ignore lint/suspicious/noExplicitAny: a document of any shape, read by its JSON pointers
export function answerChecker(document: any) {
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });
  ajv.addSchema(document, 'api', undefined, false); // a document is no schema, its parts are
  const known = new Map<string, ValidateFunction>();
  const validator = (pointer: string): ValidateFunction => {
    const made = known.get(pointer) ?? ajv.compile({ $ref: `api#${pointer}` });
    known.set(pointer, made);
    return made;
  };

  return (method: string, path: string, answer: Answered): void => {
    if (answer.status === 304 && answer.body === undefined) return; // nothing to hold to a schema
    const said = `${method} ${path} → ${answer.status} ${JSON.stringify(answer.body)}`;
    const type = (answer.headers['content-type'] ?? '').replace(/; charset=utf-8$/, '');
    const pointer = pointerTo(document, method, path, answer.status, type, said);
    const validate = validator(pointer);
    expect(validate(answer.body), `${said}: ${JSON.stringify(validate.errors)}`).toBe(true);
    if (answer.status < 400) return;
    expect(answer.body.status, said).toBe(answer.status);
    expect(answer.body.type, said).toMatch(/^urn:cos-slice-relay:problem:[a-z-]+$/);
  };
}

function pointerTo(
  // biome-ignore lint/suspicious/noExplicitAny: as above
  document: any,
  method: string,
  path: string,
  status: number,
  type: string,
  said: string,
): string {
  const plain = path.split('?')[0] ?? '';
  const route = Object.values(routes).find(
    (each) => each.method === method && new RegExp(`^${each.path.replace(/\{\w+\}/g, '[^/]+')}$`).test(plain),
  );
  if (!route) {
    expect([404, 405, 401], said).toContain(status);
    expect(type, said).toBe('application/problem+json');
    return '/components/schemas/Problem';
  }
  const operation = document.paths[route.path][method.toLowerCase()];
  expect(Object.keys(operation.responses), said).toContain(String(status));
  const content = operation.responses[String(status)].content;
  expect(Object.keys(content), said).toContain(type);
  const escaped = [route.path, method.toLowerCase(), 'responses', String(status), 'content', type, 'schema'];
  return `/paths/${escaped.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')}`;
}
