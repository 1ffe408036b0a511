import { expectRuns } from './expect-runs.ts';

expectRuns(3, 0, 2_500);
