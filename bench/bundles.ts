import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type BuildOptions, build, type Plugin } from 'esbuild';
import { parse } from 'yaml';
import * as z from 'zod';

const ROOT = join(import.meta.dirname, '..');
/** Inside the project, so that what stays out of the bundles is found in node_modules. */
const OUT = join(ROOT, '.esbuild', 'bench');

const deployed = z.object({
  custom: z.object({
    esbuild: z.object({
      minify: z.boolean(),
      exclude: z.array(z.string()),
      plugins: z.string(),
      format: z.literal('cjs'),
    }),
  }),
});

export type Bundle = { readonly name: string; readonly path: string; readonly bytes: number };

type How = 'deployed' | 'plain';
const made = new Map<How, Promise<Bundle[]>>();

/** Every function as `serverless.yml` has it bundled, made once; `plain` leaves out what makes the bundles slim. */
export function makeBundles(how: How = 'deployed'): Promise<Bundle[]> {
  const bundles = made.get(how) ?? bundleAll(how);
  made.set(how, bundles);
  return bundles;
}

async function bundleAll(how: How): Promise<Bundle[]> {
  const files = (await readdir(join(ROOT, 'functions'))).filter((name) => name.endsWith('.ts'));
  const outdir = join(OUT, how);
  await rm(outdir, { recursive: true, force: true });
  await mkdir(outdir, { recursive: true });
  await build({
    ...(await optionsFor(how)),
    entryPoints: files.map((name) => join(ROOT, 'functions', name)),
    outdir,
    outExtension: { '.js': '.cjs' },
  });
  return Promise.all(
    files.map(async (file) => {
      const name = basename(file, '.ts');
      const path = join(outdir, `${name}.cjs`);
      return { name, path, bytes: (await stat(path)).size };
    }),
  );
}

/** One function as it is deployed: its text, and the files it is made of, as paths from the project's folder. */
export async function bundleOf(
  name: string,
): Promise<{ readonly text: string; readonly inputs: readonly string[] }> {
  const { outputFiles, metafile } = await build({
    ...(await optionsFor('deployed')),
    entryPoints: [join(ROOT, 'functions', `${name}.ts`)],
    outdir: OUT,
    write: false,
    metafile: true,
  });
  const inputs = Object.values(metafile.outputs).flatMap((output) => Object.keys(output.inputs));
  return { text: outputFiles.map(({ text }) => text).join(''), inputs };
}

async function optionsFor(how: How) {
  const { custom } = deployed.parse(parse(await readFile(join(ROOT, 'serverless.yml'), 'utf8')));
  const { minify, exclude, plugins, format } = custom.esbuild;
  const slim: Plugin[] = createRequire(import.meta.url)(join(ROOT, plugins));
  return {
    absWorkingDir: ROOT,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format,
    logLevel: 'error',
    external: exclude,
    minify: how === 'deployed' && minify,
    treeShaking: how === 'deployed',
    plugins: how === 'deployed' ? slim : [],
  } satisfies BuildOptions;
}

/** DynamoDB's client and nothing else, bundled as the functions are: no function of ours can do without it. */
export async function bundleYardstick(): Promise<string> {
  const { custom } = deployed.parse(parse(await readFile(join(ROOT, 'serverless.yml'), 'utf8')));
  const outfile = join(OUT, 'yardstick', 'client-dynamodb.cjs');
  const contents = `import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
    export const handler = () => new DynamoDBClient({});`;
  await build({
    stdin: { contents, resolveDir: ROOT },
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: custom.esbuild.format,
    logLevel: 'error',
    minify: custom.esbuild.minify,
  });
  return outfile;
}

/** One module of the bench as plain JavaScript: the compiler that Node loads for TypeScript takes tens of MiB. */
export async function bundled(module: URL): Promise<URL> {
  const outfile = join(OUT, `${basename(module.pathname, '.ts')}.mjs`);
  await build({
    entryPoints: [fileURLToPath(module)],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    logLevel: 'error',
    packages: 'external',
  });
  return pathToFileURL(outfile);
}
