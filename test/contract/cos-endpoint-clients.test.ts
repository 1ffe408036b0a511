import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import {
  APP,
  BUCKET,
  codeIn,
  codeOf,
  type Field,
  MIB,
  md5,
  multipart,
  sampleBytes,
  sign,
} from '../kit/cos-by-hand.ts';
import { cosEndpointBed } from '../kit/cos-endpoint-bed.ts';

describe('what a client may write differently', () => {
  const bytes = sampleBytes(MIB);

  test('fields with filename, in the order of the Python SDK, and the Java name fileContent', async () => {
    const cos = await cosEndpointBed();
    const session = await cos.open('a.bin', MIB);
    const python: Field[] = [
      ['offset', 0],
      ['session', session],
      ['filecontent', bytes],
      ['op', 'upload_slice_data'],
    ];
    const java: Field[] = python.map(([name, value]) => [
      name === 'filecontent' ? 'fileContent' : name,
      value,
    ]);

    for (const fields of [python, java, [...python].reverse()]) {
      for (const fileNames of [true, false]) {
        const stored = await cos.form('a.bin', fields, { fileNames });
        expect(stored).toMatchObject({ code: 0, data: { datamd5: md5(bytes), datalen: MIB } });
      }
    }
  });

  test("the seed's list request, byte for byte: 152 bytes without a last line end", async () => {
    const cos = await cosEndpointBed();
    const session = await cos.open('a.bin', MIB);
    const boundary = '----------------------------2b804029035c';
    const body = [
      `--${boundary}`,
      'Content-Disposition: form-data; name="op"',
      '',
      'upload_slice_list',
      `--${boundary}--`,
    ].join('\r\n');

    const listed = await cos.send('a.bin', {
      method: 'POST',
      headers: { authorization: sign(), 'content-type': `multipart/form-data; boundary=${boundary}` },
      body,
    });

    expect(body.length).toBe(152);
    expect(listed.data).toEqual({ filesize: MIB, listparts: [], session, slice_size: MIB });
  });

  test('the list request as JSON, as the Java SDK sends it', async () => {
    const cos = await cosEndpointBed();
    await cos.init('a.bin', MIB);

    expect(await cos.json('a.bin', { op: 'upload_slice_list' }, sign())).toMatchObject({
      data: { listparts: [], slice_size: MIB },
    });
  });

  test('content that looks like a boundary, cut into packets at any byte', async () => {
    const cos = await cosEndpointBed();
    const boundary = 'b0und';
    const tricky = Buffer.from(`\r\n--b0un\r\r\n--b0unx\r\n\r\n--b0u\r\n--\r\r\n`);
    const body = multipart(
      [
        ['filecontent', tricky],
        ['op', 'upload'],
      ],
      boundary,
    );
    const head =
      `POST /files/v2/${APP}/${BUCKET}/a.bin HTTP/1.1\r\nHost: cos\r\nConnection: close\r\n` +
      `Authorization: ${sign()}\r\nContent-Type: multipart/form-data; boundary="${boundary}"\r\n` +
      'Transfer-Encoding: chunked\r\n\r\n';

    const socket = connect(cos.endpoint.port, '127.0.0.1');
    const answered = socket.toArray().then((chunks) => Buffer.concat(chunks).toString());
    socket.write(head);
    for (const byte of body)
      socket.write(Buffer.concat([Buffer.from('1\r\n'), Buffer.of(byte), Buffer.from('\r\n')]));
    socket.write('0\r\n\r\n');

    expect(await answered).toContain('"code":0');
    expect((await cos.read('a.bin')).equals(tricky)).toBe(true);
  });

  test('a request that says nothing sensible is -5999, never a crash', async () => {
    const cos = await cosEndpointBed();
    const post = (body: string, type: string) =>
      codeOf(
        cos.send('a.bin', {
          method: 'POST',
          body,
          headers: { authorization: sign(), 'content-type': type },
        }),
      );

    expect(await post('', 'application/json')).toBe(-5999);
    expect(await post('[1]', 'application/json')).toBe(-5999);
    expect(await post('{"op":"toString"}', 'application/json')).toBe(-5999);
    expect(await post('--b\r\n', 'multipart/form-data')).toBe(-5999);
    expect(await post('--b\r\n\r\n\r\nx\r\n--b--', 'multipart/form-data; boundary=b')).toBe(-5999);
    expect(
      await post(
        multipart([['op', 'upload_slice_list']], 'b')
          .toString()
          .slice(0, -8),
        'multipart/form-data; boundary=b',
      ),
    ).toBe(-5999);
    expect(await codeOf(cos.init('a.bin', 0))).toBe(-5999);
    expect(
      await codeOf(
        cos.form('a.bin', [
          ['op', 'upload_slice_init'],
          ['filesize', 'many'],
          ['slice_size', MIB],
        ]),
      ),
    ).toBe(-5999);
    expect(
      await codeOf(
        cos.form('a.bin', [
          ['op', 'upload_slice_data'],
          ['session', 'x'],
          ['offset', 0],
        ]),
      ),
    ).toBe(-5999);
    expect(await codeIn(fetch(`${cos.origin}/elsewhere`))).toBe(-5999);
    expect(await codeIn(fetch(cos.addressOf('%E0%A4%A')))).toBe(-5999);
  });
});
