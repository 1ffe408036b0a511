import FormData from 'form-data';

/** A multipart body in pieces: `content` is the caller's own bytes, neither copied nor joined. */
export type Form = {
  readonly contentType: string;
  /** In bytes. */
  readonly length: number;
  readonly pieces: readonly Uint8Array[];
};

/** Frames fields, and `filecontent` if given, as multipart/form-data. The same form can be sent any number of times. */
export function frame(fields: Readonly<Record<string, string>>, content?: Uint8Array): Form {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  if (content === undefined) return whole(form);

  // form-data frames an empty file; our bytes go between its header and its last boundary.
  form.append('filecontent', Buffer.alloc(0), { filename: 'filecontent' });
  const framing = form.getBuffer();
  const cut = framing.length - `\r\n--${form.getBoundary()}--\r\n`.length;
  return {
    contentType: contentType(form),
    length: framing.length + content.length,
    pieces: [framing.subarray(0, cut), content, framing.subarray(cut)],
  };
}

function whole(form: FormData): Form {
  const bytes = form.getBuffer();
  return { contentType: contentType(form), length: bytes.length, pieces: [bytes] };
}

const contentType = (form: FormData): string => `multipart/form-data; boundary=${form.getBoundary()}`;
