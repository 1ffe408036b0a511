// `undici` as the bundles see it: its index.js, less what we do not use.
module.exports = {
  buildConnector: require('undici/lib/core/connect'),
  Pool: require('undici/lib/dispatcher/pool'),
};
