import * as z from 'zod';
import { allCalls } from './all-calls.ts';
import { PROBLEMS } from './problem-table.ts';
import { type AnyCall, isLocated } from './read-request.ts';

/** What a page of another origin may send, and may read of the answers. */
export type CorsLists = {
  readonly methods: readonly string[];
  readonly headers: readonly string[];
  readonly exposed: readonly string[];
};

/** What proves who calls: a token, or a signature with what it is made over. */
const CREDENTIALS = ['authorization', 'x-amz-content-sha256', 'x-amz-date', 'x-amz-security-token'];

/** The lists of the calls as they are read and answered; serverless.yml has the same, and a test compares the two. */
export function corsLists(): CorsLists {
  const all: readonly AnyCall[] = Object.values(allCalls);
  const exposed = all.flatMap((call) => [
    ...(isLocated(call) ? ['location'] : []),
    ...(call.tagged ? ['etag'] : []),
    ...(call.problems.some((kind) => PROBLEMS[kind].retryAfter !== undefined) ? ['retry-after'] : []),
  ]);
  return {
    methods: distinct(all.map(({ route }) => route.method)),
    headers: distinct([
      ...CREDENTIALS,
      ...(all.some(({ takes }) => takes !== 'nothing') ? ['content-type'] : []),
      ...all.flatMap(headersOf),
    ]),
    exposed: distinct(exposed),
  };
}

function headersOf({ input }: AnyCall): string[] {
  const asked = input();
  const headers = asked instanceof z.ZodObject ? asked.shape.headers : undefined;
  return headers instanceof z.ZodObject ? Object.keys(headers.shape) : [];
}

const distinct = (names: readonly string[]): string[] => [...new Set(names)].sort();
