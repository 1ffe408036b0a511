import { createHash, hash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, join, relative, resolve, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { BadInput } from '../../shared/errors.ts';
import { say, UsageError } from '../command.ts';
import { checkFile, makeSample } from './source-file.ts';

/** A file by its full path, and the key it gets in the source bucket. */
export type Input = {
  readonly path: string;
  readonly key: string;
  readonly size: number;
  /** What people know it by, if not by its path. */
  readonly shown?: string;
};

/**
 * What the words of the command line name: files, all that lies in folders, standard input (`-`), or a sample where
 * nothing is named. Throws BadInput for what cannot be read, UsageError for two files of one key.
 */
export async function inputsOf(
  words: readonly string[],
  key: string | undefined,
  dataDir: string,
): Promise<Input[]> {
  if (words.length === 0) return [await fileInput(await makeSample(dataDir), key)];
  const inputs: Input[] = [];
  for (const word of words) {
    if (word === '-') inputs.push(await spooled(key ?? 'stdin', dataDir));
    else inputs.push(...(await filesOf(word, key, dataDir)));
  }
  mustDiffer(inputs);
  return inputs;
}

/** One file, or all that lies in a folder, without what is below `leaveOut`. Throws BadInput for what cannot be read. */
export const filesOf = async (word: string, key: string | undefined, leaveOut?: string): Promise<Input[]> =>
  (await isFolder(word)) ? folderInputs(word, key, leaveOut) : [await fileInput(word, key)];

/** Throws UsageError for two of one key: one would overwrite the other. */
export function mustDiffer(inputs: readonly Pick<Input, 'path' | 'key'>[]): void {
  const taken = new Map<string, string>();
  for (const input of inputs) {
    const other = taken.get(input.key);
    if (other !== undefined)
      throw new UsageError(
        `${other} and ${input.path} would both be ${input.key}: send them one by one, each under a name of its own`,
      );
    taken.set(input.key, input.path);
  }
}

async function fileInput(word: string, key: string | undefined): Promise<Input> {
  const { path, name, size } = await checkFile(word);
  return { path, key: key ?? name, size };
}

const full = (word: string): string => resolve(process.env.INIT_CWD ?? '.', word);

const isFolder = (word: string): Promise<boolean> =>
  stat(full(word)).then(
    (found) => found.isDirectory(),
    () => false, // `checkFile` says what is wrong with it
  );

/** Keys are the paths from the folder's own name on, with `/` between. Throws BadInput for a folder without files. */
async function folderInputs(word: string, key: string | undefined, leaveOut?: string): Promise<Input[]> {
  const root = full(word);
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  for (const entry of entries)
    if (!entry.isFile() && !entry.isDirectory())
      say(`skipped ${join(entry.parentPath, entry.name)}: it is a link or no file; name it to relay it`);
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => leaveOut === undefined || !path.startsWith(leaveOut + sep)); // what the relay itself keeps is no source
  if (paths.length === 0)
    throw new BadInput(`${word} holds no file`, { wayOut: 'name a folder with files in it' });
  const prefix = key ?? basename(root);
  return Promise.all(
    paths.sort().map((path) => fileInput(path, `${prefix}/${relative(root, path).split(sep).join('/')}`)),
  );
}

/**
 * S3 wants to know the size before the bytes, so standard input is written down first. The same bytes again under the same
 * key are the same version: they go on where they were, and are not sent again once stored.
 */
async function spooled(key: string, dataDir: string): Promise<Input> {
  const folder = join(dataDir, 'stdin');
  await mkdir(folder, { recursive: true });
  const path = join(folder, hash('sha256', key));
  await pipeline(process.stdin, createWriteStream(`${path}.new`));
  if (await isSame(`${path}.new`, path)) await rm(`${path}.new`);
  else await rename(`${path}.new`, path);
  const { size } = await stat(path);
  return { path, key, size, shown: 'standard input' };
}

async function isSame(fresh: string, old: string): Promise<boolean> {
  const [one, other] = await Promise.all([fresh, old].map((path) => stat(path).catch(() => undefined)));
  if (one === undefined || one.size !== other?.size) return false;
  const digests = await Promise.all([fresh, old].map(sha256Of));
  return digests[0] === digests[1];
}

async function sha256Of(path: string): Promise<string> {
  const digest = createHash('sha256');
  await pipeline(createReadStream(path), digest);
  return digest.digest('hex');
}
