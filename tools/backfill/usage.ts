import { BACKFILL_DEFAULTS } from '../../shared/backfill/begin-backfill.ts';

export const USAGE = `Usage: npm run backfill -- [--stage S | --local] [--bucket B] [--prefix P] [options]

Carries what lies in a bucket already, and reports on each object. What COS holds by proof is not sent again, so the same
command goes on where an earlier one was stopped. An event of an object that comes meanwhile wins.

  --stage S         the relay deployed as this stage; --local: the one on this machine; neither: the environment's
  --bucket B        the bucket of the objects (SOURCE_BUCKET)
  --prefix P        only keys that begin so
  --list URI        what a list names instead: s3://bucket/key ending in .csv (key, version), .jsonl (a line {"key": "…"})
                    or manifest.json (S3 Inventory)
  --include GLOB    only keys that match; more than once for more. *.jpg is about the last segment, a/** about all
  --exclude GLOB    no keys that match
  --min-size N, --max-size N     in bytes
  --newer T, --older T           last modified since, or before: 2026-11-01, 90m, 6h or 7d ago
  --storage-class C only objects of this class; more than once for more
  --dry-run         sends nothing: how many objects and bytes there are to send, and what cannot be
  --check           sends nothing: compares each object with COS
  --extra           with --check: files in COS too that stand for no object of the bucket or prefix
  --concurrency N   batches at once (default ${BACKFILL_DEFAULTS.concurrency})
  --batch N         objects of one batch, at most (default ${BACKFILL_DEFAULTS.batch})
  --watch JOB       shows how a backfill of a stage goes on that was begun before; --stop JOB stops it
  --json            the summary as JSON on stdout
  --data DIR        state of --local (RELAY_DATA, default .relay)
  --help            this text

Ctrl-C: on AWS the job goes on, and it says how to watch and stop it; with --local it stops, and the same command goes on.

Exit codes: 0 every object is where it should be or was left by rule, 1 objects failed, differ or are missing, 2 bad arguments or
configuration, 130 stopped.
`;
