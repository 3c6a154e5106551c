/** @import { IndexDescription } from "./api.js" */

/**
 * Describes the index in one line: size, shape, certified recall. Figures that it does not give are left out.
 *
 * @param {IndexDescription} index
 */
export function colophon(index) {
  const { items, dimensions, metric, certified, hotBytes } = index;
  const parts = [
    items !== undefined && `${items.toLocaleString("en")} items`,
    dimensions !== undefined && `${dimensions} dimensions${metric === undefined ? "" : `, ${metric}`}`,
    certified?.recallAt10 !== undefined && `certified recall@10 ${certified.recallAt10.toFixed(3)}`,
    hotBytes !== undefined && `${(hotBytes / 1e6).toFixed(1)} MB in memory`,
  ];
  return parts.filter((part) => part !== false).join(" · ");
}
