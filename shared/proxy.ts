type Environment = Readonly<Record<string, unknown>>;

/** Where the relay connects to without a proxy whatever the environment says, unless `NO_PROXY` says the same. */
const ORIGINS: readonly (readonly [setting: string, preset: string])[] = [
  ['COS_ENDPOINT', 'https://file.myqcloud.com'],
  ['AWS_ENDPOINT_URL_S3', 'https://s3.amazonaws.com'],
];

/**
 * Why the environment's proxy is not what it seems: S3 and COS are spoken to directly, so a proxy that must be used is
 * refused by name instead of being passed over in silence. Nothing to say of hosts on this machine, or under `NO_PROXY`.
 */
export function proxyProblem(env: Environment): { readonly variable: string; readonly reason: string }[] {
  const passedOver = ORIGINS.flatMap(([setting, preset]) => {
    const url = URL.parse(String(env[setting] ?? preset));
    if (!url || isExempt(url.hostname, env)) return [];
    const names = url.protocol === 'https:' ? ['HTTPS_PROXY', 'https_proxy'] : ['HTTP_PROXY', 'http_proxy'];
    const name = names.find((each) => env[each] !== undefined);
    if (name === undefined) return [];
    const why = `the relay does not use it for ${url.hostname}: unset it, or name the host in NO_PROXY if it can be reached directly`;
    return [{ variable: name, reason: why }];
  });
  return passedOver.filter(
    ({ reason }, at) => passedOver.findIndex((other) => other.reason === reason) === at,
  );
}

function isExempt(host: string, env: Environment): boolean {
  if (host === 'localhost' || host === '[::1]' || host.startsWith('127.')) return true;
  const exempt = String(env.NO_PROXY ?? env.no_proxy ?? '')
    .split(/[\s,]+/)
    .filter(Boolean);
  return exempt.some((one) => {
    const suffix = one.replace(/^\*/, '').replace(/:\d+$/, '').toLowerCase();
    return one === '*' || host === suffix || host.endsWith(suffix.startsWith('.') ? suffix : `.${suffix}`);
  });
}
