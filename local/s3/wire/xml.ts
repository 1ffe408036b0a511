import { randomBytes } from 'node:crypto';

/** An XML element: text, or elements in order. A list of values repeats its name. */
type XmlValue = string | number | boolean | readonly XmlFields[] | XmlFields;
export type XmlFields = { readonly [name: string]: XmlValue };

export const xmlDocument = (name: string, fields: XmlFields): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n${element(name, fields, ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"')}`;

/** S3's errors carry no namespace. */
export const xmlError = (fields: XmlFields): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n${element('Error', fields)}`;

function element(name: string, value: XmlValue, attributes = ''): string {
  if (isList(value)) return value.map((one) => element(name, one)).join('');
  const inner =
    typeof value === 'object'
      ? Object.entries(value)
          .map(([child, content]) => element(child, content))
          .join('')
      : escapeText(String(value));
  return `<${name}${attributes}>${inner}</${name}>`;
}

const isList = (value: XmlValue): value is readonly XmlFields[] => Array.isArray(value);

const escapeText = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a key may hold them, and S3 sends them as references
  text.replace(/[&<>"'\x00-\x1f\x7f]/g, (character) => `&#${character.charCodeAt(0)};`);

/** The two ids S3 gives every answer. */
export const requestIds = () => ({
  'x-amz-request-id': randomBytes(8).toString('hex').toUpperCase(),
  'x-amz-id-2': randomBytes(24).toString('base64'),
});
