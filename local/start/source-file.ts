import { access, constants, mkdir, open, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { asError, BadInput } from '../../shared/errors.ts';

/** A readable regular file, by its full path. Throws BadInput that says what is wrong with it. */
export async function checkFile(
  path: string,
): Promise<{ readonly path: string; readonly name: string; readonly size: number }> {
  const full = resolve(process.env.INIT_CWD ?? '.', path);
  try {
    const found = await stat(full);
    if (found.isDirectory()) throw new BadInput(`${path} is a directory`, { wayOut: 'name one file in it' });
    if (!found.isFile())
      throw new BadInput(`${path} is not a regular file`, { wayOut: 'name a file on a disk' });
    await access(full, constants.R_OK);
    return { path: full, name: basename(full), size: found.size };
  } catch (error) {
    if (error instanceof BadInput) throw error;
    const code = 'code' in asError(error) ? (error as NodeJS.ErrnoException).code : undefined;
    if (code === 'ENOENT') throw new BadInput(`${path} does not exist`, { wayOut: 'check the path' });
    if (code === 'EACCES') throw new BadInput(`${path} may not be read`, { wayOut: 'check its permissions' });
    throw error;
  }
}

const MIB = 1_048_576;
const SAMPLE_MIB = 64;

/** A sample whose every MiB is another, so that slices in the wrong place would show. One that is there stays the same file. */
export async function makeSample(dataDir: string): Promise<string> {
  const path = join(dataDir, 'sample-64MiB.bin');
  await mkdir(dataDir, { recursive: true });
  const there = await stat(path).catch(() => undefined);
  if (there?.size === SAMPLE_MIB * MIB) return path;
  const half = `${path}.new`;
  const file = await open(half, 'w');
  try {
    const block = Buffer.alloc(MIB);
    for (let index = 0; index < MIB; index += 1) block[index] = (index * 7 + 3) % 251;
    for (let index = 0; index < SAMPLE_MIB; index += 1) {
      block.writeUInt32BE(index, 0);
      await file.write(block);
    }
  } finally {
    await file.close();
  }
  await rename(half, path);
  return path;
}

type Remembered = Record<
  string,
  { readonly path: string; readonly etag: string; readonly sequencer: string }
>;

/**
 * The order in which files were given for a key: the same file again keeps its place, so that it names the same
 * transfer; another one is newer, whatever its times say.
 */
export async function sequencerOf(dataDir: string, key: string, path: string, etag: string): Promise<string> {
  const list = join(dataDir, 'given.json');
  const known: Remembered = await readFile(list, 'utf8').then(JSON.parse, () => ({})); // none yet
  const before = known[key];
  if (before && before.path === path && before.etag === etag) return before.sequencer;
  const now = BigInt(Date.now()) * 1_000_000n;
  const sequencer = now.toString(16).toUpperCase().padStart(18, '0');
  await writeFile(`${list}.new`, JSON.stringify({ ...known, [key]: { path, etag, sequencer } }));
  await rename(`${list}.new`, list);
  return sequencer;
}
