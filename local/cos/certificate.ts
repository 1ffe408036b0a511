import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generate } from 'selfsigned';

export type Certificate = { readonly cert: string; readonly key: string };

const VALID_DAYS = 365;
const NAMES = ['localhost', '*.file.myqcloud.com', '*.myqcloud.com'];

/** The certificate in two PEM files. */
export const readCertificate = async (certFile: string, keyFile: string): Promise<Certificate> => ({
  cert: await readFile(certFile, 'utf8'),
  key: await readFile(keyFile, 'utf8'),
});

/**
 * A certificate for this machine and for COS's names, made once and kept below `dir`, so that a client which trusts `cert.pem` goes
 * on trusting it.
 */
export async function madeCertificate(dir: string): Promise<Certificate & { readonly certFile: string }> {
  const [certFile, keyFile] = [join(dir, 'cert.pem'), join(dir, 'key.pem')];
  const kept = await readCertificate(certFile, keyFile).catch(() => undefined);
  if (kept) return { ...kept, certFile };
  const made = await generate([{ name: 'commonName', value: 'localhost' }], {
    keySize: 2048,
    algorithm: 'sha256',
    notAfterDate: new Date(Date.now() + VALID_DAYS * 24 * 3_600_000),
    extensions: [
      {
        name: 'subjectAltName',
        altNames: [...NAMES.map((value) => ({ type: 2 as const, value })), { type: 7, ip: '127.0.0.1' }],
      },
    ],
  });
  await mkdir(dir, { recursive: true });
  await writeFile(keyFile, made.private, { mode: 0o600 });
  await writeFile(certFile, made.cert);
  return { cert: made.cert, key: made.private, certFile };
}
