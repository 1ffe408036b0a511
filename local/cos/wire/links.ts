/** Where the addresses in answers lead. */
export type LinkStyle = {
  /** Of this endpoint, as clients reach it. */
  readonly origin: string;
  /** Names the source host: `{bucket}-{appid}.cos{region}.myqcloud.com`. */
  readonly region: string;
  /** The hosts of COS itself, for clients that reach the endpoint by its names: /etc/hosts or a proxy setting. */
  readonly realHosts: boolean;
};

type Place = { readonly appId: string; readonly bucket: string; readonly path: string };

/** The three addresses of a file, each another (CDN, source, API), and its name in the bucket. */
export function linksOf(style: LinkStyle, { appId, bucket, path }: Place) {
  const { origin, region, realHosts } = style;
  const encoded = encodePath(path);
  const resource = `/${appId}/${bucket}/${encoded}`;
  const on = (host: string) => (realHosts ? `${new URL(origin).protocol}//${host}` : `${origin}/${host}`);
  const api = realHosts ? on(`${region}.file.myqcloud.com`) : origin;
  return {
    access_url: `${on(`${bucket}-${appId}.file.myqcloud.com`)}/${encoded}`,
    source_url: `${on(`${bucket}-${appId}.cos${region}.myqcloud.com`)}/${encoded}`,
    url: `${api}/files/v2${resource}`,
    resource_path: resource,
  };
}

/** Only unreserved characters stay; `encodeURIComponent` would leave `!*'()` too. */
const encodePath = (path: string): string =>
  path
    .split('/')
    .map((segment) =>
      encodeURIComponent(segment).replace(
        /[!*'()]/g,
        (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
      ),
    )
    .join('/');
