import type { Fault } from './faults.ts';
import type { Behaviour } from './operations/context.ts';
import type { RequestRecord } from './request-log.ts';
import type { Credentials } from './wire/signature.ts';

export type CosEndpointOptions = {
  /** Survives restart and SIGKILL: sessions, held slices, finished files. One endpoint at a time. */
  readonly dataDir: string;
  readonly port?: number; // 0, the default: any free one
  readonly host?: string; // 127.0.0.1 unless given
  readonly tls?: { readonly cert: string; readonly key: string }; // PEM; then it speaks HTTPS only
  readonly appId: string;
  readonly buckets: readonly string[];
  readonly credentials: readonly Credentials[];
  readonly region?: string; // in the addresses of answers: gz unless given
  readonly realHosts?: boolean; // answers name COS's own hosts instead of this origin
  readonly privateBuckets?: boolean; // a file needs a signature to be read, unless it says otherwise
  readonly strictFolders?: boolean; // a parent directory that nobody made: -197
  readonly refuseSame?: boolean; // insertOnly=1 and the very same content: -177
  readonly largestFile?: number; // bytes that init takes: 64 GiB unless given
  readonly sliceSizes?: readonly number[] | 'any'; // any other: -284
  readonly grantSliceSize?: number; // overrules what init asked for
  readonly serialUpload?: boolean; // init answers serial_upload: 1; a slice that is not the next: -5999
  readonly listForm?: 'array' | 'string' | 'null-when-empty' | 'absent-when-empty';
  readonly numbersAsStrings?: boolean; // offset and datalen as decimal strings
  readonly closesItself?: boolean; // the slice that makes the file whole finishes it
  readonly shaSuffix?: string; // list shows `sha` with this behind it
  readonly unknownSessionCode?: number; // -5999 unless given
  readonly latencyMs?: number; // before every answer
  readonly bandwidth?: number; // bytes a second, both ways, shared by all clients
  readonly now?: () => number; // epoch milliseconds: signatures, times of files, the Date header
  readonly allowOrigins?: readonly string[]; // of browsers: every one unless given
  readonly faults?: readonly Fault[];
  readonly control?: boolean; // serves /_control/: faults and the log, over the wire
  readonly keepRecords?: number; // of the log in memory: all unless given
  readonly onRecord?: (record: RequestRecord) => void; // when a request is over
};

/** The file that Tencent's pages allow at most for a sliced upload. */
const LARGEST_FILE_BYTES = 64 * 1024 ** 3;

/** How the endpoint behaves, with every choice made. */
export const behaviourOf = (options: CosEndpointOptions): Behaviour => ({
  appId: options.appId,
  buckets: options.buckets,
  sliceSizes: options.sliceSizes ?? [524288, 1048576, 2097152, 3145728],
  grantSliceSize: options.grantSliceSize,
  serialUpload: options.serialUpload ?? false,
  listForm: options.listForm ?? 'array',
  numbersAsStrings: options.numbersAsStrings ?? false,
  closesItself: options.closesItself ?? false,
  shaSuffix: options.shaSuffix ?? '',
  unknownSessionCode: options.unknownSessionCode ?? -5999,
  strictFolders: options.strictFolders ?? false,
  refuseSame: options.refuseSame ?? false,
  largestFile: options.largestFile ?? LARGEST_FILE_BYTES,
  privateBuckets: options.privateBuckets ?? false,
  now: options.now ?? Date.now,
});
