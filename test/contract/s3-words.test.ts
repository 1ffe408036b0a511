import type { ServerResponse } from 'node:http';
import { describe, expect, test } from 'vitest';
import { dechunk } from '../../shared/s3/answer-head.ts';
import { textOf } from '../../shared/s3/object-metadata.ts';
import { knownS3Codes } from '../../shared/s3/s3-codes.ts';
import { answerObject, errorXml, readAll, scriptedS3 } from '../kit/scripted-s3.ts';

const never = new AbortController().signal;
const CONTENT = Buffer.from('the bytes of the object');
const RANGE = { offset: 0, length: CONTENT.length };
const objectOf = (key: string) => ({ bucket: 'b', key, etag: 'e', size: CONTENT.length, lastModified: 0 });
const refuse = (response: ServerResponse, status: number, body: string, headers = {}) =>
  response.writeHead(status, headers).end(body);

describe('the address goes out exactly as it was signed (E4)', () => {
  test.each([
    'a/./dot.txt',
    'a/../b.txt',
    './c',
    '../../x',
    'a//b',
    'a b+c&=%?#.txt',
    '中文/文件',
    '%2e%2e/x',
  ])('HEAD and GET ask for one key: %s', async (key) => {
    const { source, asked } = await scriptedS3((request, response) =>
      answerObject(CONTENT, request, response),
    );

    await source.pin({ bucket: 'b', key }, never);
    const read = await readAll(source.read(objectOf(key), RANGE, never));

    expect(read.equals(CONTENT)).toBe(true);
    const keys = asked.map(({ target }) => target.split('?')[0]);
    expect(keys).toEqual([keys[0], keys[0]]);
    expect(decodeURIComponent(keys[0] ?? '')).toBe(`/b/${key}`);
  });
});

describe('temporary credentials that end while an address is kept (E5)', () => {
  /** Credentials that the test ends; S3 takes only those given out last, and quotes the others in its answer. */
  const rotating = async () => {
    let given = 0;
    let valid = 1;
    const bed = await scriptedS3(
      (request, response) => {
        const token = /X-Amz-Security-Token=([^&]+)/i.exec(request.url ?? '')?.[1];
        const used = token ?? String(request.headers['x-amz-security-token']);
        if (used === `TOKEN${valid}`) return answerObject(CONTENT, request, response);
        const quoted = errorXml('ExpiredToken', `<Token-0>${used}</Token-0>`);
        refuse(response, 400, request.method === 'HEAD' ? '' : quoted);
      },
      {
        credentials: async () => {
          given += 1;
          return { accessKeyId: `AKIA${given}`, secretAccessKey: 's', sessionToken: `TOKEN${given}` };
        },
      },
    );
    return {
      ...bed,
      end: () => {
        valid = given + 1;
      },
      endForGood: () => {
        valid = -1;
      },
    };
  };

  test('are fetched anew, and the read goes on', async () => {
    const { source, end } = await rotating();
    await source.pin({ bucket: 'b', key: 'k' }, never);
    await readAll(source.read(objectOf('k'), RANGE, never));
    end();

    const read = await readAll(source.read(objectOf('k'), RANGE, never));
    end();
    const { object } = await source.pin({ bucket: 'b', key: 'k' }, never);

    expect(read.equals(CONTENT)).toBe(true);
    expect(object.size).toBe(CONTENT.length);
  });

  test('end the read by name if there are no others, and no token is repeated', async () => {
    const { source, endForGood } = await rotating();
    endForGood();

    const error = await readAll(source.read(objectOf('k'), RANGE, never)).catch((thrown) => thrown);

    expect(error).toMatchObject({ name: 'SourceDenied', message: expect.stringContaining('ExpiredToken') });
    expect(JSON.stringify([error.message, error.wayOut])).not.toMatch(/TOKEN\d|AKIA/);
  });
});

describe("S3's codes are told apart by the code alone (E6)", () => {
  const refused = async (status: number, body: string, headers = {}) => {
    const { source } = await scriptedS3((request, response) =>
      refuse(response, status, request.method === 'HEAD' ? '' : body, headers),
    );
    const read = await readAll(source.read(objectOf('k'), RANGE, never)).catch((thrown) => thrown);
    const pinned = await source.pin({ bucket: 'b', key: 'k' }, never).catch((thrown) => thrown);
    return { read, pinned };
  };

  test.each([
    [403, 'InvalidObjectState', 'SourceArchived', 'restore'],
    [403, 'AccessDenied', 'SourceDenied', 'role may read'],
    [400, 'KMS.DisabledException', 'SourceDenied', 'KMS key'],
    [403, 'RequestTimeTooSkewed', 'SourceDenied', 'clock'],
    [403, 'SignatureDoesNotMatch', 'SourceDenied', 'secret key'],
    [403, 'InvalidAccessKeyId', 'SourceDenied', 'credentials'],
    [400, 'RequestTimeout', 'SourceUnavailable', 'try again'],
    [403, 'SomethingNew', 'SourceDenied', 'read the object with the role'],
  ])('HTTP %i %s is %s, to GET and to HEAD', async (status, code, name, advice) => {
    const { read, pinned } = await refused(status, errorXml(code));

    for (const error of [read, pinned]) {
      expect(error.name).toBe(name);
      expect(error.wayOut).toContain(advice);
    }
  });

  test('a KMS key that may not be used is told from an object that may not, and no ARN is repeated', async () => {
    const message =
      'User: arn:aws:sts::123456789012:assumed-role/r is not authorized to perform: kms:Decrypt';
    const { read } = await refused(403, errorXml('AccessDenied', `<Why>${message}</Why>`));

    expect(read).toMatchObject({ name: 'SourceDenied', wayOut: expect.stringContaining('kms:Decrypt') });
    expect(`${read.message}${read.wayOut}`).not.toMatch(/arn:|123456789012/);
  });

  test('a page of a proxy is trouble that passes, whatever its status, and is not repeated', async () => {
    const { read } = await refused(403, '<html><Code>AccessDenied</Code> secret page</html>');

    expect(read.name).toBe('SourceUnavailable');
    expect(read.message).not.toContain('secret');
  });

  test('an archived object is known before anything is begun', async () => {
    const archived = async (headers: Record<string, string>) => {
      const { source } = await scriptedS3((request, response) =>
        answerObject(CONTENT, request, response, headers),
      );
      return (await source.pin({ bucket: 'b', key: 'k' }, never)).archived;
    };

    expect(await archived({ 'x-amz-storage-class': 'GLACIER' })).toBe(true);
    expect(
      await archived({ 'x-amz-storage-class': 'DEEP_ARCHIVE', 'x-amz-restore': 'ongoing-request="true"' }),
    ).toBe(true);
    expect(
      await archived({
        'x-amz-storage-class': 'INTELLIGENT_TIERING',
        'x-amz-archive-status': 'ARCHIVE_ACCESS',
      }),
    ).toBe(true);
    expect(
      await archived({
        'x-amz-storage-class': 'GLACIER',
        'x-amz-restore': 'ongoing-request="false", expiry-date="Fri, 21 Dec 2026 00:00:00 GMT"',
      }),
    ).toBe(false);
    expect(await archived({ 'x-amz-storage-class': 'GLACIER_IR' })).toBe(false);
  });

  test('a clock that is wrong is set right by S3, and the read goes on', async () => {
    const hours = 3 * 3_600_000;
    const { source } = await scriptedS3((request, response) => {
      const signed = /X-Amz-Date=(\d{8}T\d{6})Z/.exec(request.url ?? '')?.[1] ?? '';
      const at = Date.parse(signed.replace(/(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)/, '$1-$2-$3T$4:$5:$6Z'));
      const theirs = Date.now() + hours;
      if (Math.abs(at - theirs) < 60_000) return answerObject(CONTENT, request, response);
      refuse(response, 403, errorXml('RequestTimeTooSkewed'), { date: new Date(theirs).toUTCString() });
    });

    const read = await readAll(source.read(objectOf('k'), RANGE, never));

    expect(read.equals(CONTENT)).toBe(true);
  });

  test('every code of the table has a meaning and a way out', () => {
    for (const [code, { meaning, wayOut }] of knownS3Codes())
      expect([code, meaning.length > 3, wayOut.length > 3]).toEqual([code, true, true]);
  });
});

test('kept connections that all died cost one attempt, not all of them (E7)', async () => {
  let dead = false;
  const { source, sockets, asked } = await scriptedS3((request, response) => {
    if (dead && sockets.indexOf(request.socket) < 10) request.socket.destroy();
    else answerObject(CONTENT, request, response);
  });
  const ranges = Array.from({ length: 10 }, (_, offset) => ({ offset, length: 1 }));
  const open = ranges.map((range) => source.read(objectOf('k'), range, never)[Symbol.asyncIterator]());
  await Promise.all(open.map((reading) => reading.next()));
  await Promise.all(open.map((reading) => reading.next()));
  const kept = sockets.length;
  const before = asked.length;
  dead = true;

  const read = await readAll(source.read(objectOf('k'), RANGE, never));

  expect(kept).toBe(10);
  expect(read.equals(CONTENT)).toBe(true);
  expect(asked.length - before).toBe(2);
});

describe('a bucket of another region (E11)', () => {
  test.each([
    ['a header', { 'x-amz-bucket-region': 'ap-east-1' }, ''],
    ['the body', {}, '<Region>ap-east-1</Region>'],
  ])('fails by name with the region that %s tells, at once', async (_, headers, more) => {
    const { source, asked } = await scriptedS3((request, response) =>
      refuse(response, 301, request.method === 'HEAD' ? '' : errorXml('PermanentRedirect', more), headers),
    );

    const read = await readAll(source.read(objectOf('k'), RANGE, never)).catch((error) => error);
    const pinned = await source.pin({ bucket: 'b', key: 'k' }, never).catch((error) => error);

    expect(read).toMatchObject({ name: 'SourceMoved', message: expect.stringContaining('ap-east-1') });
    expect(pinned.name).toBe('SourceMoved');
    expect(asked).toHaveLength(2);
  });

  test('no other text passes for a region', async () => {
    const { source } = await scriptedS3((_, response) =>
      refuse(response, 301, errorXml('PermanentRedirect'), { 'x-amz-bucket-region': 'AKIASECRET<script>' }),
    );

    const read = await readAll(source.read(objectOf('k'), RANGE, never)).catch((error) => error);

    expect(read.message).not.toContain('SECRET');
  });
});

describe('an error body in chunks', () => {
  test('is put together, wherever it was cut', async () => {
    const body = errorXml('InvalidObjectState');
    for (let cut = 1; cut < body.length; cut += 7) {
      const { source } = await scriptedS3((_, response) => {
        response.writeHead(403, { 'transfer-encoding': 'chunked' });
        response.write(body.slice(0, cut));
        response.end(body.slice(cut));
      });

      const error = await readAll(source.read(objectOf('k'), RANGE, never)).catch((thrown) => thrown);

      expect([cut, error.name]).toEqual([cut, 'SourceArchived']);
    }
  });

  test('ends with the empty chunk, not with bytes that look like one', () => {
    const looksLikeTheEnd = '5\r\n0\r\n\r\n\r\n';

    expect(dechunk(Buffer.from(looksLikeTheEnd))).toMatchObject({ whole: false });
    expect(dechunk(Buffer.from(`${looksLikeTheEnd}0\r\n\r\n`))).toMatchObject({
      content: Buffer.from('0\r\n\r\n'),
      whole: true,
    });
  });
});

describe('what S3 says of an object', () => {
  const pinnedWith = async (headers: Record<string, string>) => {
    const { source } = await scriptedS3((request, response) =>
      answerObject(CONTENT, request, response, headers),
    );
    return (await source.pin({ bucket: 'b', key: 'k' }, never)).metadata;
  };

  test('a header of raw UTF-8 is read as UTF-8, any other as Latin-1 (E8)', async () => {
    const asSent = (text: string) => Buffer.from(text).toString('latin1');
    const metadata = await pinnedWith({
      'content-disposition': asSent('attachment; filename="报告.pdf"'),
      'cache-control': 'caf\u00e9',
      'x-amz-meta-title': asSent('标题'),
    });

    expect(metadata.contentDisposition).toBe('attachment; filename="报告.pdf"');
    expect(metadata.cacheControl).toBe('café');
    expect(metadata.user).toEqual([['title', '标题']]);
    expect(textOf(undefined)).toBeUndefined();
  });

  test('metadata of any name is kept: constructor, __proto__ (E12)', async () => {
    const { user } = await pinnedWith({
      'x-amz-meta-constructor': 'a',
      'x-amz-meta-__proto__': 'b',
      'x-amz-meta-tostring': 'c',
    });

    expect(user).toEqual([
      ['constructor', 'a'],
      ['__proto__', 'b'],
      ['tostring', 'c'],
    ]);
  });

  test('what is not carried over has a name (E16)', async () => {
    const { notCarried } = await pinnedWith({
      'x-amz-missing-meta': '2',
      'x-amz-tagging-count': '3',
      'x-amz-storage-class': 'STANDARD_IA',
      'x-amz-website-redirect-location': '/elsewhere',
      expires: 'Thu, 01 Jan 2027 00:00:00 GMT',
      'x-amz-object-lock-mode': 'GOVERNANCE',
    });

    expect(notCarried).toEqual([
      'acl',
      'tags',
      'storage-class',
      'website-redirect',
      'expires',
      'missing-metadata',
      'object-lock',
    ]);
    expect((await pinnedWith({})).notCarried).toEqual(['acl']);
  });

  test('the version "null" is no version (E2)', async () => {
    const { source } = await scriptedS3((request, response) =>
      answerObject(CONTENT, request, response, { 'x-amz-version-id': 'null' }),
    );

    const { object } = await source.pin({ bucket: 'b', key: 'k' }, never);

    expect(object.versionId).toBeUndefined();
  });
});
