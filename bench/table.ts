// Plain tables for a terminal and for docs/performance.md: Markdown, columns aligned.

/** A table under `heads`; every cell to the right, as figures go. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = heads.map((head, column) =>
    Math.max(head.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padStart(widths[column] ?? 0)).join(' | ')} |`;
  const rule = widths.map((width) => `${'-'.repeat(width - 1)}:`);
  return [line(heads), line(rule), ...rows.map(line)].join('\n');
}

/** A whole number with its thousands apart. */
export function figure(value: number): string {
  return Math.round(value).toLocaleString('en');
}

/** Bytes as mebibytes. */
export function mebibytes(bytes: number): string {
  return `${figure(bytes / 1_048_576)} MiB`;
}
