import { expectRuns } from './expect-runs.ts';

// a file of its own: vitest gives it to another worker
expectRuns(20_261_125, 2_500, 5_000);
