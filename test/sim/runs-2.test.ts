import { expectRuns } from './expect-runs.ts';

// a file of its own: vitest gives it to another worker
expectRuns(3, 2_500, 5_000);
