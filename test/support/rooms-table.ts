// The table of rooms as docs/ARCHITECTURE.md shows it.

import { ROOMS, type Room } from './rooms.ts';

const BEGIN = '<!-- rooms: written by npm run docs:tables -->';
const END = '<!-- end of rooms -->';

/** `text` with the table between the two marks as it follows from test/support/rooms.ts. */
export function withRoomsTable(text: string): string {
  const [before = '', rest = ''] = text.split(BEGIN);
  const after = rest.split(END)[1] ?? '';
  const rows = Object.entries(ROOMS).map(([name, room]) => row(name, room));
  const table = ['| room | may import | because |', '| --- | --- | --- |', ...rows].join('\n');
  return `${before}${BEGIN}\n\n${table}\n\n${END}${after}`;
}

function row(name: string, room: Room): string {
  const types = room.types.map((each) => `${each} (types)`);
  const packages = room.packages.map((each) => `\`${each}\``);
  const all = [...room.rooms, ...types, ...packages];
  return `| ${name} | ${all.length === 0 ? 'nothing' : all.join(', ')} | ${room.because} |`;
}
