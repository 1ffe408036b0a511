import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import * as z from 'zod';

const sized = z.object({ memorySize: z.number().optional(), timeout: z.number().optional() });
const queued = z.object({ sqs: z.object({ batchSize: z.number() }) });
const service = z.object({
  params: z.object({ default: z.object({ arrivals: z.coerce.number() }) }),
  provider: z.object({ memorySize: z.number() }),
  functions: z
    .object({ 'object-created': z.object({ events: z.tuple([queued]) }) })
    .and(z.record(z.string(), sized)),
});

/** serverless.yml, as far as the bench and the cost command go by it. */
export const deployed = service.parse(
  parse(readFileSync(join(import.meta.dirname, '../serverless.yml'), 'utf8')),
);

const { sqs } = deployed.functions['object-created'].events[0];
/** How the queue hands events out: so many in one call, so many calls at once. */
export const HANDOUT = { batch: sqs.batchSize, calls: deployed.params.default.arrivals };
