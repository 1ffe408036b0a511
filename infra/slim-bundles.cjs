const { join } = require('node:path');

/**
 * Keeps out of the bundles what no function needs: all of undici but its connection pools over HTTP/1.1 (no fetch,
 * no HTTP/2, no parser for processors without SIMD and no experimental one), and every hash of hash-wasm but SHA-1. What
 * runs here is seen in test/flow/bundles.test.ts.
 */
const NOT_NEEDED = /llhttp\/llhttp-wasm\.js$|\/milo\/|\/client-h2\.js$|\/web\/(fetch\/|webidl$)/;

const slim = {
  name: 'slim',
  setup(build) {
    build.onResolve({ filter: /^undici$/ }, () => ({ path: join(__dirname, 'undici-pools.cjs') }));
    build.onResolve({ filter: /^hash-wasm$/ }, () => ({
      path: require.resolve('hash-wasm/dist/sha1.umd.min.js'),
    }));
    build.onResolve({ filter: NOT_NEEDED }, ({ path }) => ({ path, namespace: 'not-needed' }));
    build.onLoad({ filter: /.*/, namespace: 'not-needed' }, () => ({
      contents: 'module.exports = () => {};',
    }));
  },
};

module.exports = [slim];
