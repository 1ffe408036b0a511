import { expectRuns } from './expect-runs.ts';

expectRuns(20_261_125, 0, 2_500);
