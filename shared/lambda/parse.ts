import type * as z from 'zod';
import { BadInput } from '../errors.ts';

/** Reads what is still unknown. Throws BadInput that names every bad field. */
export function parse<T>(schema: z.ZodType<T>, given: unknown): T {
  const read = schema.safeParse(given);
  if (read.success) return read.data;
  const problems = read.error.issues.map((issue) => `${issue.path.join('.') || 'input'}: ${issue.message}`);
  throw new BadInput(problems.join('; '), {
    wayOut: 'see docs/architecture.md for what each function takes',
  });
}
