export const USAGE = `Usage: npm run cos -- [options]

Serves the COS v4 JSON API on this machine and keeps what it is given on disk.

  --port N            port to listen on, 0 for any free one   (COS_PORT, default 9436)
  --host HOST         address to listen on                    (COS_HOST, default 127.0.0.1)
  --data DIR          where everything is kept                (COS_DATA, default .relay/cos)
  --app-id ID         the app id in addresses and signatures  (COS_APP_ID, default 1250000000)
  --bucket NAME       a bucket; may be given more than once   (COS_BUCKET, default relay)
  --region NAME       the region in the addresses of answers  (COS_REGION, default gz)
  --secret-id ID      who may sign                            (COS_SECRET_ID, default AKIDlocal)
  --secret-key KEY    the key signatures are made with        (COS_SECRET_KEY, default for local use)

How it behaves:
  --strict-folders    a parent directory that nobody made is -197; it is made otherwise
  --refuse-same       the same name and content again is -177; the success is repeated otherwise
  --private           files need a signature to be read, unless they say otherwise
  --slice-sizes LIST  bytes, with commas, or "any": from 64 KiB; the four of the pages otherwise
  --real-hosts        answers name the hosts of COS, for clients that reach this endpoint by them
  --allow-origin URL  a browser's origin that may ask; may be given more than once; every one otherwise
  --https             speaks HTTPS, with a certificate made for it below DIR/tls
  --cert FILE --key FILE   speaks HTTPS with this certificate, in PEM

For testers of clients:
  --control           serves /_control/faults and /_control/log: faults on order, what was asked
  --log FILE          writes a line of JSON for each request; - is standard output
  --latency MS        waits so long before each answer
  --bandwidth N       bytes a second, both ways, that all clients share
  --clock TIME        runs the clock at +SECONDS or -SECONDS, or from a moment like 2015-07-27T11:00:00Z on
  --help              this text
`;
