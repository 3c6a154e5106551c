/** Map from items to numbers. A `Map` would box each number that is no small integer. */
export interface ItemNumbers {
  get(item: number): number | undefined;
  set(item: number, value: number): void;
  /** Items and their numbers, the largest first, equals by item. */
  sorted(): { readonly items: number[]; readonly values: number[] };
}

/** @param most items at most */
export function createItemNumbers(most: number): ItemNumbers {
  const places = new Map<number, number>();
  const items: number[] = [];
  const values = new Float64Array(most);
  return {
    get(item) {
      const place = places.get(item);
      return place === undefined ? undefined : values[place];
    },
    set(item, value) {
      let place = places.get(item);
      if (place === undefined) {
        place = items.length;
        places.set(item, place);
        items.push(item);
      }
      values[place] = value;
    },
    sorted() {
      const order = Array.from(items.keys()).sort((a, b) => values[b]! - values[a]! || items[a]! - items[b]!);
      return {
        items: order.map((place) => items[place]!),
        values: order.map((place) => values[place]!),
      };
    },
  };
}
