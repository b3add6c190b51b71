// A binary heap: the least item first, by an order given.

export interface Heap<Item> {
  push(item: Item): void;
  /** The least item, taken out; null when empty. */
  pop(): Item | null;
  peek(): Item | null;
  readonly size: () => number;
}

export function createHeap<Item>(order: (a: Item, b: Item) => number): Heap<Item> {
  const items: Item[] = [];
  const less = (a: number, b: number) => order(items[a] as Item, items[b] as Item) < 0;
  const swap = (a: number, b: number) => {
    [items[a], items[b]] = [items[b] as Item, items[a] as Item];
  };
  return {
    push: (item) => {
      items.push(item);
      for (let at = items.length - 1; at > 0; ) {
        const parent = (at - 1) >> 1;
        if (!less(at, parent)) break;
        swap(at, parent);
        at = parent;
      }
    },
    pop: () => {
      const top = items[0];
      const last = items.pop();
      if (top === undefined || last === undefined) return null;
      if (items.length === 0) return top;
      items[0] = last;
      for (let at = 0; ; ) {
        const left = at * 2 + 1;
        let least = at;
        if (left < items.length && less(left, least)) least = left;
        if (left + 1 < items.length && less(left + 1, least)) least = left + 1;
        if (least === at) return top;
        swap(at, least);
        at = least;
      }
    },
    peek: () => items[0] ?? null,
    size: () => items.length,
  };
}
