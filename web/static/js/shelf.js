// Keeps pictures in this browser (IndexedDB): the server has none once it has answered.
// Where the browser allows no storage, everything still works, only without pictures of before.

const KEPT = 300;

let opening;
function open() {
  opening ??= new Promise((resolve, reject) => {
    const request = indexedDB.open("spotter", 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("pictures", { keyPath: "id" }).createIndex("at", "at");
      request.result.createObjectStore("unsent", { keyPath: "key" });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opening;
}

async function use(store, mode, act) {
  try {
    const transaction = (await open()).transaction(store, mode);
    const request = act(transaction.objectStore(store));
    return await new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve(request?.result);
      transaction.onerror = transaction.onabort = () => reject(transaction.error);
    });
  } catch {
    return undefined;
  }
}

/** Keep the picture of a job: {id, picture, thumb, name}. */
export async function keep(record) {
  await use("pictures", "readwrite", (store) => store.put({ ...record, at: Date.now() }));
  await use("pictures", "readwrite", (store) => {
    store.count().onsuccess = (counted) => {
      let spare = counted.target.result - KEPT;
      if (spare <= 0) return;
      store.index("at").openCursor().onsuccess = ({ target: { result: cursor } }) => {
        if (!cursor || spare-- <= 0) return;
        cursor.delete();
        cursor.continue();
      };
    };
  });
}

export const recall = (id) => use("pictures", "readonly", (store) => store.get(id));
export const forgetAll = () => use("pictures", "readwrite", (store) => store.clear());
export const countKept = () => use("pictures", "readonly", (store) => store.count());

/** A picture that is not accepted yet, so that a reload goes on with the same key: {key, picture, thumb, name}. */
export const park = (record) => use("unsent", "readwrite", (store) => store.put(record));
export const unpark = (key) => use("unsent", "readwrite", (store) => store.delete(key));
export const parked = (key) => use("unsent", "readonly", (store) => store.get(key));
