import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { html, useSpeech } from './ui.ts';
import type { Uploads } from './uploads.ts';

/** Files may be dropped anywhere on the page. */
export function DropZone({ sender, children }: { sender: Uploads; children: ComponentChildren }) {
  const says = useSpeech();
  const [over, setOver] = useState(false);
  useEffect(() => {
    const carries = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
    const drag = (event: DragEvent) => {
      if (!carries(event)) return;
      event.preventDefault();
      setOver(true);
    };
    const leave = (event: DragEvent) => void (event.relatedTarget === null && setOver(false));
    const drop = (event: DragEvent) => {
      if (!carries(event)) return;
      event.preventDefault();
      setOver(false);
      for (const item of event.dataTransfer?.items ?? []) void take(item, sender);
    };
    addEventListener('dragover', drag);
    addEventListener('dragleave', leave);
    addEventListener('drop', drop);
    return () => {
      removeEventListener('dragover', drag);
      removeEventListener('dragleave', leave);
      removeEventListener('drop', drop);
    };
  }, [sender]);
  return html`${children}${over && html`<div class="drop" aria-hidden="true"><p>${says('dropHere')}</p></div>`}`;
}

async function take(item: DataTransferItem, sender: Uploads): Promise<void> {
  const file = item.getAsFile(); // before anything is awaited: the list is emptied after the event
  // in no type library yet; where a browser has it, a reload goes on without choosing the file anew
  const asked = item as DataTransferItem & { getAsFileSystemHandle?: () => Promise<FileSystemHandle | null> };
  const handle = await asked.getAsFileSystemHandle?.().catch(() => null);
  if (file) sender.add(file, handle?.kind === 'file' ? (handle as FileSystemFileHandle) : undefined);
}
