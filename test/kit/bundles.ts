import { mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import type { Packaged } from './package.ts';

/** Lays the packaged functions out as Lambda does, with no package beside them: name → file. */
export async function unpackBundles({ dir }: Packaged): Promise<ReadonlyMap<string, string>> {
  const root = await mkdtemp(join(tmpdir(), 'cos-slice-relay-bundles-'));
  const bundles = new Map<string, string>();
  for (const zip of (await readdir(dir)).filter((name) => name.endsWith('.zip'))) {
    for (const [name, content] of unzip(await readFile(join(dir, zip)))) {
      const file = join(root, name);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, content);
      bundles.set(basename(zip, '.zip'), file);
    }
  }
  return bundles;
}

/** The files of a zip (APPNOTE.TXT 4.3: the directory at the end names them all). */
function* unzip(zip: Buffer): Generator<[name: string, content: Buffer]> {
  const end = zip.lastIndexOf('PK\x05\x06', undefined, 'latin1');
  let entry = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left -= 1) {
    const [method, packed] = [zip.readUInt16LE(entry + 10), zip.readUInt32LE(entry + 20)];
    const [name, extra, comment] = [28, 30, 32].map((at) => zip.readUInt16LE(entry + at)) as [
      number,
      number,
      number,
    ];
    const header = zip.readUInt32LE(entry + 42);
    const start = header + 30 + zip.readUInt16LE(header + 26) + zip.readUInt16LE(header + 28);
    const content = zip.subarray(start, start + packed);
    yield [
      zip.toString('utf8', entry + 46, entry + 46 + name),
      method === 0 ? content : inflateRawSync(content),
    ];
    entry += 46 + name + extra + comment;
  }
}
