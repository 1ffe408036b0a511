import * as z from 'zod';
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from 'zod-openapi';
import { allCalls } from './all-calls.ts';
import { problemBody } from './answer.ts';
import { PROBLEMS, problemType } from './problem-table.ts';
import { type AnyCall, isLocated } from './read-request.ts';

/** OpenAPI 3.1, made from the schemas that read the requests. */
export async function describeApi(): Promise<object> {
  const paths: ZodOpenApiPathsObject = {};
  for (const [operationId, call] of Object.entries(allCalls)) {
    const { path, method } = call.route;
    paths[path] = { ...paths[path], [method.toLowerCase()]: operation(operationId, call) };
  }
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: 'cos-slice-relay',
      version: '1.0.0',
      description: 'Start, watch and cancel relays from S3 to COS, or upload slice by slice.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    security: [{ iam: [] }, { bearer: [] }],
    paths,
    components: {
      securitySchemes: {
        iam: {
          type: 'apiKey',
          in: 'header',
          name: 'Authorization',
          description: 'AWS Signature Version 4, service execute-api',
        },
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description: 'A JWT where one is configured; locally the printed token',
        },
      },
    },
  });
}

/** A call's input is an object of `path`, `query`, `headers` and `body`, each as far as the call looks at it. */
const parts = (input: z.ZodType): Readonly<Record<string, z.ZodType>> =>
  input instanceof z.ZodObject ? input.shape : {};

function operation(operationId: string, call: AnyCall): ZodOpenApiOperationObject {
  const { path, query, headers, body } = parts(call.input());
  return {
    operationId,
    summary: call.summary,
    requestParams: {
      ...(path instanceof z.ZodObject && { path }),
      ...(query instanceof z.ZodObject && { query }),
      ...(headers instanceof z.ZodObject && { header: headers }),
    },
    ...(body && { requestBody: requestBody(call, body) }),
    responses: {
      [String(call.status)]: {
        description: 'Done',
        content: { 'application/json': { schema: call.answer() } },
        ...(call.tagged && { headers: ETAG }),
        ...(isLocated(call) && { headers: LOCATION }),
      },
      ...(call.tagged && { '304': { description: 'As the ETag at hand', headers: ETAG } }),
      ...problemResponses(call),
    },
  };
}

const LOCATION = {
  Location: {
    description: 'Of what was begun, below the address of the API',
    schema: { type: 'string' as const },
  },
};
const ETAG = { ETag: { description: 'Of this answer', schema: { type: 'string' as const } } };

function requestBody(call: AnyCall, body: z.ZodType) {
  const binary = {
    type: 'string',
    contentMediaType: 'application/octet-stream',
    maxLength: call.bodyMax,
  } as const;
  return {
    required: true,
    content:
      call.takes === 'bytes'
        ? { 'application/octet-stream': { schema: binary } }
        : { 'application/json': { schema: body } },
  };
}

function problemResponses({ problems }: AnyCall): ZodOpenApiOperationObject['responses'] {
  const statuses = [...new Set(problems.map((kind) => PROBLEMS[kind].status))].sort();
  return Object.fromEntries(
    statuses.map((status) => {
      const kinds = problems.filter((kind) => PROBLEMS[kind].status === status);
      const description = kinds
        .map((kind) => `\`${problemType(kind)}\`: ${PROBLEMS[kind].title}`)
        .join('\n\n');
      const retries = kinds.some((kind) => PROBLEMS[kind].retryAfter !== undefined);
      return [
        String(status),
        {
          description,
          content: { 'application/problem+json': { schema: problemBody } },
          ...(retries && {
            headers: { 'Retry-After': { description: 'In seconds', schema: { type: 'string' as const } } },
          }),
        },
      ];
    }),
  );
}
