// Runs inside the sandbox. What proxies and weak collections keep to themselves: noted while it is made, so that it can be
// compared and put back as the content of other values is.

export interface Hidden {
  /** What a proxy stands for and its handler; null when it is none, or was made before anybody noted it. */
  partsOf(proxy: object): readonly object[] | null;
  /** What a weak collection holds for a key; undefined when it has none. */
  heldBy(collection: object, key: object): unknown;
  /** From now on what is changed in the collection is noted. */
  journal(collection: object): Journal;
}

export interface Journal {
  isChanged(): boolean;
  undo(): void;
}

type Entry = readonly [key: object, had: boolean, value: unknown];
type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

// Taken before any foreign code runs.
const { apply, construct, defineProperty } = Reflect;
const { isPrototypeOf: isAbove } = Object.prototype;
const { get: getOf, set: setOf, has: hasOf, delete: dropOf } = WeakMap.prototype as WeakMap<object, unknown>;
const { add: addTo, has: holds, delete: dropFrom } = WeakSet.prototype as WeakSet<object>;

/** Takes the place of `Proxy` and of the methods that change weak collections, once for a thread and before its code runs. */
export function noteHidden(): Hidden {
  const parts = new WeakMap<object, readonly object[]>();
  const journals = new WeakMap<object, Entry[]>();
  noteProxies(parts);
  const journalOf = (collection: unknown) => apply(getOf, journals, [collection]) as Entry[] | undefined;
  const isMap = (value: object) => apply(isAbove, WeakMap.prototype, [value]);
  const isSet = (value: object) => apply(isAbove, WeakSet.prototype, [value]);
  const noting = (change: AnyFunction, before: (collection: object, key: object) => Entry): AnyFunction =>
    function changed(this: unknown, ...args: unknown[]) {
      const own = journalOf(this);
      if (own !== undefined && typeof args[0] === 'object' && args[0] !== null)
        own[own.length] = before(this as object, args[0]);
      return apply(change, this, args);
    };
  const inMap = (map: object, key: object): Entry => [
    key,
    apply(hasOf, map, [key]),
    apply(getOf, map, [key]),
  ];
  const inSet = (set: object, key: object): Entry => [key, apply(holds, set, [key]), undefined];
  replace(WeakMap.prototype, 'set', noting(setOf as AnyFunction, inMap));
  replace(WeakMap.prototype, 'delete', noting(dropOf as AnyFunction, inMap));
  replace(WeakSet.prototype, 'add', noting(addTo as AnyFunction, inSet));
  replace(WeakSet.prototype, 'delete', noting(dropFrom as AnyFunction, inSet));
  return {
    partsOf: (proxy) => (apply(getOf, parts, [proxy]) as readonly object[] | undefined) ?? null,
    heldBy: (collection, key) => (isMap(collection) ? apply(getOf, collection, [key]) : undefined),
    journal: (collection) => {
      const own = journalOf(collection) ?? [];
      apply(setOf, journals, [collection, own]);
      own.length = 0;
      const back = ([key, had, value]: Entry) => {
        if (isSet(collection)) apply(had ? addTo : dropFrom, collection, [key]);
        else apply(had ? setOf : dropOf, collection, had ? [key, value] : [key]);
      };
      return {
        isChanged: () => own.length > 0,
        undo: () => {
          for (let i = own.length - 1; i >= 0; i -= 1) back(own[i] as Entry);
          own.length = 0;
        },
      };
    },
  };
}

function noteProxies(parts: WeakMap<object, readonly object[]>): void {
  const Real = globalThis.Proxy;
  const { revocable } = Real;
  const note = (proxy: object, made: readonly unknown[]) => {
    apply(setOf, parts, [proxy, made as readonly object[]]);
    return proxy;
  };
  const stand: ProxyConstructor = new Real(Real, {
    construct: (_, args, target) => note(construct(Real, args, target === stand ? Real : target), args),
    get: (real, key) =>
      key === 'revocable'
        ? (...args: [object, ProxyHandler<object>]) => {
            const made = revocable(...args);
            note(made.proxy, args);
            return made;
          }
        : Reflect.get(real, key),
  });
  note(stand, []);
  replace(globalThis, 'Proxy', stand);
}

function replace(holder: object, name: string, value: unknown): void {
  if (typeof value === 'function' && name !== 'Proxy') {
    defineProperty(value, 'name', { value: name, configurable: true });
    defineProperty(value, 'length', { value: name === 'set' ? 2 : 1, configurable: true });
  }
  defineProperty(holder, name, { value, writable: true, configurable: true, enumerable: false });
}
