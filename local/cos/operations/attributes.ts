import * as z from 'zod';
import { optional } from './fields.ts';

const HEADER_NAME =
  /^(content-type|cache-control|content-disposition|content-language|content-encoding|x-cos-meta-[\w-]+)$/i;
// biome-ignore lint/suspicious/noControlCharactersInRegex: a header must not carry control characters
const HEADER_VALUE = /^[^\u0000-\u0008\u000a-\u001f\u007f]*$/;

const headers = z.record(
  z.string().regex(HEADER_NAME, 'a header that may not be set'),
  z.coerce.string().regex(HEADER_VALUE, 'not a header value'),
);

/** An object (C++, Python), JSON text (Java, Node, JavaScript), or `[]` for none (PHP). */
const customHeaders = z.preprocess((given) => {
  const value = typeof given === 'string' && given !== '' ? parsed(given) : given;
  return Array.isArray(value) && value.length === 0 ? {} : value;
}, optional(headers));

export const updateFields = z.object({
  custom_headers: customHeaders,
  authority: optional(z.string()),
  biz_attr: z.string().optional(),
});

/** Text that is no JSON stays text, and is refused as no object. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
