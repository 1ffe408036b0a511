/** Files that were begun in this browser, so that a reload can go on with them. */
export type StoredFile = {
  readonly name: string;
  readonly size: number;
  readonly modified: number;
  readonly transferId?: string;
  /** Where the browser gives one, the file can be read again after a reload without being chosen anew. */
  readonly handle?: FileSystemFileHandle;
};

export const nameOf = ({ name, size, modified }: StoredFile): string =>
  JSON.stringify([name, size, modified]);

const STORE = 'files';

function database(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open('cos-slice-relay', 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function run<T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const db = await database();
  try {
    return await new Promise<T>((resolve, reject) => {
      const request = work(db.transaction(STORE, mode).objectStore(STORE));
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  } finally {
    db.close();
  }
}

export const storedFiles = {
  all: (): Promise<StoredFile[]> => run('readonly', (store) => store.getAll()),
  keep: (file: StoredFile): Promise<unknown> => run('readwrite', (store) => store.put(file, nameOf(file))),
  forget: (file: StoredFile): Promise<unknown> => run('readwrite', (store) => store.delete(nameOf(file))),
};
