import { readWords, UsageError } from '../local/command.ts';

export const BENCH_USAGE = `Usage: npm run bench [-- --quick] [--only POINT] [--json]

Measures the relay against yardsticks in the same run on this machine; bench/README.md says how to read it.

  --quick        smaller objects and fewer rounds: some four minutes on 2 cores
  --only POINT   one point alone; may be given more than once:
                 throughput, worker, memory, plan, pace, many, backfill, cold-start, calls, profile, endpoint,
                 client-upload
  --json         the figures as JSON on stdout instead of the table
  --help         this text

Exit codes: 0 measured, 1 a point failed or its bytes arrived as others (the table names it, and has the other points), 2 bad
arguments. A missed goal is no failure: it stands in the table.
`;

export type BenchArguments = {
  readonly help: boolean;
  readonly quick: boolean;
  readonly json: boolean;
  readonly only: readonly string[];
};

/** Throws UsageError. */
export function readBenchArguments(args: readonly string[], points: readonly string[]): BenchArguments {
  const { help = false, quick = false, json = false, only = [] } = parsed(args);
  const unknown = only.find((name) => !points.includes(name));
  if (unknown !== undefined)
    throw new UsageError(`there is no point ${unknown}; choose from ${points.join(', ')}`);
  return { help, quick, json, only };
}

function parsed(args: readonly string[]) {
  return readWords({
    args: [...args],
    options: {
      help: { type: 'boolean', short: 'h' },
      quick: { type: 'boolean' },
      json: { type: 'boolean' },
      only: { type: 'string', multiple: true },
    },
  }).values;
}
