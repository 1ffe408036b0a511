import type { TransferView } from '../../../shared/api/views.ts';
import { countText, dateText } from './format.ts';
import { html, type Says, useSpeech } from './ui.ts';

/** Each piece of evidence of a receipt, and whether it is there. */
export function evidenceOf(
  { receipt }: TransferView,
  says: Says,
): { readonly holds: boolean; readonly words: string }[] {
  if (!receipt) return [];
  const { slices, verified } = receipt;
  const number = (count: number) => countText(count, says.language);
  return [
    { holds: true, words: says('proofSize', { size: number(verified.size) }) },
    ...(slices.total > 0
      ? [
          {
            holds: slices.md5Verified >= slices.sent - slices.resent && slices.md5Verified > 0,
            words: says('proofMd5', {
              n: number(Math.min(slices.md5Verified, slices.total)),
              all: number(slices.total),
            }),
          },
        ]
      : []),
    {
      holds: verified.sha1Matches === true,
      words: says(verified.sha1Matches === true ? 'proofSha' : 'proofNoSha'),
    },
  ];
}

export function Proof({ transfer }: { transfer: TransferView }) {
  const says = useSpeech();
  const { receipt } = transfer;
  if (!receipt) return null;
  return html`<section class="card proof" aria-labelledby="proof">
    <h2 id="proof">${says('proof')}</h2>
    <ul class="evidence">${evidenceOf(transfer, says).map(
      ({ holds, words }) =>
        html`<li class=${holds ? 'holds' : 'open'}><span aria-hidden="true">${holds ? '✓' : '–'}</span>${words}</li>`,
    )}</ul>
    <dl class="facts">
      <div><dt>${says('proofHow')}</dt><dd>${says(`how_${receipt.how}`)}</dd></div>
      <div><dt>${says('requestIds')}</dt><dd class="code">${[receipt.requestIds.finish, receipt.requestIds.stat].filter(Boolean).join(' · ')}</dd></div>
    </dl>
  </section>`;
}

/** What it is, in words for people: name and value. */
export function factsOf(
  { id, source, target, attempts, receipt, createdAt }: TransferView,
  says: Says,
): [string, string][] {
  const from = source.kind === 's3' ? `s3://${source.bucket}/${source.key}` : says('client');
  return [
    [says('source'), from],
    ...(source.kind === 's3'
      ? [[says('version'), source.versionId ?? `ETag ${source.etag}`] as [string, string]]
      : []),
    [says('target'), `cos://${target.region}/${target.appId}/${target.bucket}/${target.path}`],
    ...(receipt && receipt.slices.total > 0
      ? [
          [
            says('slices'),
            `${receipt.slices.total}: ${receipt.slices.sent} + ${receipt.slices.alreadyHeld} ${says('heldBefore')}`,
          ] as [string, string],
        ]
      : []),
    [says('attempts'), String(attempts)],
    [
      says('time'),
      `${dateText(createdAt, says.language)}${receipt ? ` – ${dateText(receipt.storedAt, says.language)}` : ''}`,
    ],
    [says('id'), id],
  ];
}

export function Facts({ transfer }: { transfer: TransferView }) {
  const says = useSpeech();
  return html`<section class="card" aria-labelledby="facts">
    <h2 id="facts">${says('facts')}</h2>
    <dl class="facts">${factsOf(transfer, says).map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
  </section>`;
}
