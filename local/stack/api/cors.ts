import type { IncomingMessage } from 'node:http';
import type { HttpAnswer } from '../../../shared/lambda/http/answer.ts';
import { corsLists } from '../../../shared/lambda/http/cors.ts';

/** What API Gateway answers to a page's question before the call, without asking who it is; undefined for anything else. */
export function answerPreflight(
  { method, headers }: IncomingMessage,
  origin: string | undefined,
): HttpAnswer | undefined {
  if (origin === undefined || method !== 'OPTIONS' || headers['access-control-request-method'] === undefined)
    return undefined;
  const { methods, headers: allowed } = corsLists();
  return {
    statusCode: 204,
    headers: {
      'access-control-allow-origin': origin,
      'access-control-allow-methods': methods.join(','),
      'access-control-allow-headers': allowed.join(','),
      'access-control-max-age': '3600',
      vary: 'origin',
    },
    body: '',
  };
}

/** An answer that pages of this origin may read. */
export const readableBy = (origin: string | undefined, answer: HttpAnswer): HttpAnswer =>
  origin === undefined
    ? answer
    : {
        ...answer,
        headers: {
          ...answer.headers,
          'access-control-allow-origin': origin,
          'access-control-expose-headers': corsLists().exposed.join(','),
          vary: 'origin',
        },
      };
