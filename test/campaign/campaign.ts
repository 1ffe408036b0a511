import { type DynamoDb, startDynamoDb } from '../../local/stack/dynamodb.ts';
import { planCase } from './plan.ts';
import { type CaseResult, runCase } from './run-case.ts';

export type CampaignOptions = {
  readonly seed: number;
  readonly cases: readonly number[];
  /** Cases played at once. */
  readonly together: number;
  readonly onResult?: (result: CaseResult) => void;
  readonly trace?: (line: string) => void;
};

/** Cases that share one table server; fresh ones keep it small. */
const CASES_PER_TABLE = 50;

/** Plays the cases, several at once. */
export async function runCampaign(options: CampaignOptions): Promise<CaseResult[]> {
  const results: CaseResult[] = [];
  for (let from = 0; from < options.cases.length; from += CASES_PER_TABLE) {
    const dynamodb = await startDynamoDb();
    try {
      results.push(...(await runSome(options.cases.slice(from, from + CASES_PER_TABLE), options, dynamodb)));
    } finally {
      await dynamodb.close();
    }
  }
  return results;
}

async function runSome(
  cases: readonly number[],
  { seed, together, onResult, trace }: CampaignOptions,
  dynamodb: DynamoDb,
): Promise<CaseResult[]> {
  const results: CaseResult[] = [];
  const left = cases.values();
  const player = async () => {
    for (const index of left) {
      const result = await runCase(planCase(seed, index), dynamodb, trace).catch(
        (error: unknown): CaseResult => ({ index, end: 'broken', violations: [`the case broke: ${error}`] }),
      );
      results.push(result);
      onResult?.(result);
    }
  };
  await Promise.all(Array.from({ length: together }, player));
  return results;
}

export const replayOf = (seed: number, index: number): string =>
  `npm run test:faults -- --seed ${seed} --only ${index}`;
