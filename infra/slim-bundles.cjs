const { dirname, join } = require('node:path');

/**
 * Keeps out of the bundles what no function needs: all of undici but its connection pools over HTTP/1.1 (no fetch,
 * no HTTP/2, no parser for processors without SIMD and no experimental one), and every hash of hash-wasm but SHA-1. What
 * runs here is seen in test/flow/bundles.test.ts.
 */
const NOT_NEEDED = /llhttp\/llhttp-wasm\.js$|\/milo\/|\/client-h2\.js$|\/web\/(fetch\/|webidl$)/;

const notNeeded = ({ path }) => ({ path, namespace: 'not-needed' });

/**
 * Lambda gives a function its role's credentials in the environment, and nowhere else. The SDK's other ways to them
 * (profiles, SSO, instance metadata) are a tenth of a bundle, and each is loaded by a call that keeps esbuild from
 * laying out the code it shares with the rest flat.
 */
const CREDENTIALS = "export { fromEnv as defaultProvider } from '@aws-sdk/credential-provider-env';";

const slim = {
  name: 'slim',
  setup(build) {
    build.initialOptions.mainFields = ['module', 'main']; // of the AWS SDK's CommonJS nothing can be left out
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
  },
};

module.exports = [slim];
