const { readFile } = require('node:fs/promises');
const { dirname, join } = require('node:path');

/**
 * Keeps out of the bundles what no function needs: all of undici but its connection pools over HTTP/1.1 (no fetch,
 * no HTTP/2, no parser for processors without SIMD and no experimental one), every hash of hash-wasm but SHA-1, and of
 * form-data the table of media types and a name tag. What runs here is seen in test/flow/bundles.test.ts.
 */
const NOT_NEEDED =
  /llhttp\/llhttp-wasm\.js$|\/milo\/|\/client-h2\.js$|\/web\/(fetch\/|webidl$)|^(mime-types|es-set-tostringtag)$/;

const notNeeded = ({ path }) => ({ path, namespace: 'not-needed' });

/**
 * Lambda gives a function its role's credentials in the environment, and nowhere else. The SDK's other ways to them
 * (profiles, SSO, instance metadata) are a tenth of a bundle, and each is loaded by a call that keeps esbuild from
 * laying out the code it shares with the rest flat.
 */
const CREDENTIALS = "export { fromEnv as defaultProvider } from '@aws-sdk/credential-provider-env';";

/**
 * Of a client's schemas, those of calls that nobody makes stay in because of their keys: `{ [_hH]: … }` might run code, as
 * esbuild must suppose. With its value in place of the name the same object is data, and is left out.
 */
function asData(schemas) {
  const texts = new Map(
    schemas.matchAll(/^const (\w+) = ("[^"]*");$/gm).map(([, name, text]) => [name, text]),
  );
  return schemas.replace(/\[(_\w+)\]:/g, (key, name) => (texts.has(name) ? `${texts.get(name)}:` : key));
}

const slim = {
  name: 'slim',
  setup(build) {
    build.initialOptions.mainFields = ['module', 'main']; // of the AWS SDK's CommonJS nothing can be left out
    // undici has this name set where Node.js bundles it: the experimental parser stays out
    build.initialOptions.define = { ...build.initialOptions.define, esbuildDetection: 'true' };
    build.onResolve({ filter: /^undici$/ }, () => ({ path: join(__dirname, 'undici-pools.cjs') }));
    build.onResolve({ filter: /^hash-wasm$/ }, () => ({
      path: require.resolve('hash-wasm/dist/sha1.umd.min.js'),
    }));
    build.onResolve({ filter: NOT_NEEDED }, notNeeded);
    // the SDK loads it for streams of events, which no call of ours has
    build.onResolve({ filter: /^@smithy\/core\/event-streams$/ }, (asked) =>
      asked.kind === 'dynamic-import' ? notNeeded(asked) : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: 'not-needed' }, () => ({
      contents: 'module.exports = () => {};',
    }));
    build.onLoad({ filter: /\/credential-provider-node\/dist-es\/index\.js$/ }, ({ path }) => ({
      contents: CREDENTIALS,
      resolveDir: dirname(path),
    }));
    build.onLoad(
      { filter: /\/@aws-sdk\/client-[^/]+\/dist-es\/schemas\/schemas_0\.js$/ },
      async ({ path }) => ({
        contents: asData(await readFile(path, 'utf8')),
      }),
    );
    // a client tells AWS its version, and nothing else of its package.json
    build.onLoad({ filter: /\/@aws-sdk\/client-[^/]+\/package\.json$/ }, async ({ path }) => ({
      contents: JSON.stringify({ version: JSON.parse(await readFile(path, 'utf8')).version }),
      loader: 'json',
    }));
  },
};

module.exports = [slim];
