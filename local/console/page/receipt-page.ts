import type { TransferView } from '../../../shared/api/views.ts';
import { nameOf } from './names.ts';
import { evidenceOf, factsOf } from './proof.ts';
import type { Says } from './ui.ts';

const escaped = (text: string): string => text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);

const STYLE =
  'body{font:16px/1.6 system-ui,"Noto Sans SC",sans-serif;color:#1d2733;background:#fff;max-width:46rem;margin:3rem auto;padding:0 1.2rem}h1{font-size:1.5rem;overflow-wrap:anywhere}h2{font-size:1rem;margin-top:2rem}li{list-style:none}ul{padding:0}dt{color:#5a6878;font-size:.85rem}dd{margin:0 0 .6rem;overflow-wrap:anywhere}pre{background:#f3f5f8;padding:1rem;border-radius:8px;overflow:auto;font-size:.8rem}@media print{body{margin:0}}';

/** The receipt as one file that needs nothing else: for whoever must show that the copy is the original. */
function receiptPage(transfer: TransferView, says: Says): string {
  const evidence = evidenceOf(transfer, says).map(
    ({ holds, words }) => `<li>${holds ? '✓' : '–'} ${escaped(words)}</li>`,
  );
  const facts = factsOf(transfer, says).map(
    ([name, value]) => `<dt>${escaped(name)}</dt><dd>${escaped(value)}</dd>`,
  );
  const name = escaped(nameOf(transfer));
  return `<!doctype html>
<html lang="${says.language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${name} · cos-slice-relay</title><style>${STYLE}</style></head>
<body><h1>${name}</h1><h2>${escaped(says('proof'))}</h2><ul>${evidence.join('')}</ul>
<dl>${facts.join('')}</dl><h2>JSON</h2><pre>${escaped(JSON.stringify(transfer.receipt, null, 2))}</pre></body></html>
`;
}

export function saveReceipt(transfer: TransferView, says: Says): void {
  const address = URL.createObjectURL(new Blob([receiptPage(transfer, says)], { type: 'text/html' }));
  const link = document.createElement('a');
  link.href = address;
  link.download = `receipt-${transfer.id.slice(0, 12)}.html`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
